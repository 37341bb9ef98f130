// The operator that Baton is measured against: controller-runtime as its own documentation recommends it, with the client's
// rate limit off, 32 workers, and managed fields stripped from the cache. It counts ready pods and writes a status.
package main

import (
	"flag"
	"os"

	appsv1 "k8s.io/api/apps/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
)

func main() {
	var leaseNamespace, metricsAddress, probeAddress string
	var workers int
	flag.StringVar(&leaseNamespace, "lease-namespace", "default", "namespace of the Lease")
	flag.StringVar(&metricsAddress, "metrics-address", ":8080", "address of /metrics")
	flag.StringVar(&probeAddress, "probe-address", ":8081", "address of /healthz and /readyz")
	flag.IntVar(&workers, "workers", 32, "services that are reconciled at the same time")
	flag.Parse() // -kubeconfig is registered by controller-runtime.
	ctrl.SetLogger(zap.New())
	if err := run(leaseNamespace, metricsAddress, probeAddress, workers); err != nil {
		log.Log.Error(err, "stopped")
		os.Exit(1)
	}
}

func run(leaseNamespace, metricsAddress, probeAddress string, workers int) error {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{corev1.AddToScheme, appsv1.AddToScheme, coordinationv1.AddToScheme, addToScheme} {
		if err := add(scheme); err != nil {
			return err
		}
	}
	config, err := ctrl.GetConfig()
	if err != nil {
		return err
	}
	config.QPS = -1
	manager, err := ctrl.NewManager(config, ctrl.Options{
		Scheme:                        scheme,
		Cache:                         cache.Options{DefaultTransform: cache.TransformStripManagedFields()},
		Metrics:                       metricsserver.Options{BindAddress: metricsAddress},
		HealthProbeBindAddress:        probeAddress,
		LeaderElection:                true,
		LeaderElectionID:              "peer",
		LeaderElectionNamespace:       leaseNamespace,
		LeaderElectionReleaseOnCancel: true,
	})
	if err != nil {
		return err
	}
	if err := manager.AddHealthzCheck("ping", healthz.Ping); err != nil {
		return err
	}
	ctx := ctrl.SetupSignalHandler()
	if err := (&reconciler{Client: manager.GetClient()}).setup(ctx, manager, workers); err != nil {
		return err
	}
	return manager.Start(ctx)
}
