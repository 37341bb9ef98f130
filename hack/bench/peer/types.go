package main

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

var groupVersion = schema.GroupVersion{Group: "bench.baton.dev", Version: "v1alpha1"}

// CountedService asks for the ready pods of one Deployment to be counted.
type CountedService struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   CountedServiceSpec   `json:"spec,omitempty"`
	Status CountedServiceStatus `json:"status,omitempty"`
}

type CountedServiceSpec struct {
	// Deployment is the name of a Deployment in the same namespace.
	Deployment string `json:"deployment"`
}

type CountedServiceStatus struct {
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
	Ready              int32 `json:"ready"`
	Desired            int32 `json:"desired"`
	// Score is the share of the desired pods that are ready, in percent.
	Score int32 `json:"score"`
}

type CountedServiceList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []CountedService `json:"items"`
}

func (in *CountedService) DeepCopyObject() runtime.Object {
	out := *in
	in.ObjectMeta.DeepCopyInto(&out.ObjectMeta)
	return &out
}

func (in *CountedServiceList) DeepCopyObject() runtime.Object {
	out := *in
	in.ListMeta.DeepCopyInto(&out.ListMeta)
	out.Items = make([]CountedService, len(in.Items))
	for i := range in.Items {
		out.Items[i] = *in.Items[i].DeepCopyObject().(*CountedService)
	}
	return &out
}

func addToScheme(scheme *runtime.Scheme) error {
	scheme.AddKnownTypes(groupVersion, &CountedService{}, &CountedServiceList{})
	metav1.AddToGroupVersion(scheme, groupVersion)
	return nil
}
