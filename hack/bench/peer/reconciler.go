package main

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

const (
	// The label that the fleet's Deployments select their pods by; its value is the Deployment's name.
	podLabel = "app"
	// Indexes of the cache.
	podByLabel          = "bench.baton.dev/label"
	serviceByDeployment = "bench.baton.dev/deployment"
)

type reconciler struct {
	client.Client
}

func (r *reconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	var service CountedService
	if err := r.Get(ctx, request.NamespacedName, &service); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	status, err := r.observe(ctx, &service)
	if err != nil {
		return ctrl.Result{}, err
	}
	if status == service.Status {
		return ctrl.Result{}, nil
	}
	base := service.DeepCopyObject().(*CountedService)
	service.Status = status
	err = r.Status().Patch(ctx, &service, client.MergeFrom(base))
	return ctrl.Result{}, client.IgnoreNotFound(err)
}

func (r *reconciler) observe(ctx context.Context, service *CountedService) (CountedServiceStatus, error) {
	status := CountedServiceStatus{ObservedGeneration: service.Generation}
	var deployment appsv1.Deployment
	key := types.NamespacedName{Namespace: service.Namespace, Name: service.Spec.Deployment}
	if err := r.Get(ctx, key, &deployment); client.IgnoreNotFound(err) != nil {
		return status, fmt.Errorf("get deployment: %w", err)
	} else if err == nil {
		status.Desired = 1
		if deployment.Spec.Replicas != nil {
			status.Desired = *deployment.Spec.Replicas
		}
	}
	var pods corev1.PodList
	if err := r.List(ctx, &pods, client.InNamespace(service.Namespace), client.MatchingFields{podByLabel: service.Spec.Deployment}); err != nil {
		return status, fmt.Errorf("list pods: %w", err)
	}
	for i := range pods.Items {
		if ready(&pods.Items[i]) {
			status.Ready++
		}
	}
	status.Score = 100
	if status.Desired > 0 {
		status.Score = min(100, 100*status.Ready/status.Desired)
	}
	return status, nil
}

func ready(pod *corev1.Pod) bool {
	if pod.DeletionTimestamp != nil {
		return false
	}
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodReady {
			return condition.Status == corev1.ConditionTrue
		}
	}
	return false
}

func (r *reconciler) setup(ctx context.Context, manager ctrl.Manager, workers int) error {
	indexer := manager.GetFieldIndexer()
	if err := indexer.IndexField(ctx, &corev1.Pod{}, podByLabel, func(object client.Object) []string {
		return []string{object.GetLabels()[podLabel]}
	}); err != nil {
		return err
	}
	if err := indexer.IndexField(ctx, &CountedService{}, serviceByDeployment, func(object client.Object) []string {
		return []string{object.(*CountedService).Spec.Deployment}
	}); err != nil {
		return err
	}
	byPod := func(ctx context.Context, pod client.Object) []reconcile.Request {
		return r.servicesOf(ctx, pod.GetNamespace(), pod.GetLabels()[podLabel])
	}
	byDeployment := func(ctx context.Context, deployment client.Object) []reconcile.Request {
		return r.servicesOf(ctx, deployment.GetNamespace(), deployment.GetName())
	}
	// Own status writes and the Deployment's status say nothing that the reconciler reads.
	specOnly := builder.WithPredicates(predicate.GenerationChangedPredicate{})
	return ctrl.NewControllerManagedBy(manager).
		For(&CountedService{}, specOnly).
		Watches(&corev1.Pod{}, handler.EnqueueRequestsFromMapFunc(byPod)).
		Watches(&appsv1.Deployment{}, handler.EnqueueRequestsFromMapFunc(byDeployment), specOnly).
		WithOptions(controller.Options{MaxConcurrentReconciles: workers}).
		Complete(r)
}

func (r *reconciler) servicesOf(ctx context.Context, namespace, deployment string) []reconcile.Request {
	var services CountedServiceList
	if deployment == "" || r.List(ctx, &services, client.InNamespace(namespace), client.MatchingFields{serviceByDeployment: deployment}) != nil {
		return nil
	}
	requests := make([]reconcile.Request, 0, len(services.Items))
	for i := range services.Items {
		requests = append(requests, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(&services.Items[i])})
	}
	return requests
}
