package kubernetes_test

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	sandboxes "sigs.k8s.io/agent-sandbox/extensions/api/v1alpha1"
	"sigs.k8s.io/yaml"
)

// kinds are those that the manifests may have, with the types of the API.
func kinds(t *testing.T) *runtime.Scheme {
	t.Helper()
	s := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		corev1.AddToScheme, appsv1.AddToScheme, networkingv1.AddToScheme, rbacv1.AddToScheme, sandboxes.AddToScheme,
	} {
		if err := add(s); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// decode reads the objects of a file strictly: a field that the API does not have, or has with another type, is an error.
func decode(t *testing.T, name string, text []byte) []runtime.Object {
	t.Helper()
	scheme := kinds(t)
	var all []runtime.Object
	docs := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(text)))
	for {
		doc, err := docs.Read()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var about unstructured.Unstructured
		if err := yaml.Unmarshal(doc, &about.Object); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if about.Object == nil {
			continue // comments alone
		}
		object, err := scheme.New(schema.FromAPIVersionAndKind(about.GetAPIVersion(), about.GetKind()))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := yaml.UnmarshalStrict(doc, object); err != nil {
			t.Errorf("%s: %s %s: %v", name, about.GetKind(), about.GetName(), err)
		}
		all = append(all, object)
	}
}

const deploy = "../../deploy"

// files are the manifests of a folder, but for those that are kustomize's own or patches.
func files(t *testing.T, folder string) []runtime.Object {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(deploy, folder, "*.yaml"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("%s has no manifests: %v", folder, err)
	}
	var all []runtime.Object
	for _, path := range paths {
		if filepath.Base(path) == "kustomization.yaml" {
			continue
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, decode(t, path, text)...)
	}
	return all
}

// built is what kubectl kustomize makes of a folder.
func built(t *testing.T, folder string) []runtime.Object {
	t.Helper()
	kubectl, err := exec.LookPath("kubectl")
	if err != nil {
		t.Skip("there is no kubectl, whose kustomize builds the manifests")
	}
	cmd := exec.CommandContext(t.Context(), kubectl, "kustomize", filepath.Join(deploy, folder))
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	text, err := cmd.Output()
	if err != nil || stderr.Len() > 0 {
		t.Fatalf("kubectl kustomize %s: %v: %s", folder, err, stderr.String())
	}
	return decode(t, folder, text)
}

// the finds the only object of a type.
func the[T runtime.Object](t *testing.T, all []runtime.Object, named string) T {
	t.Helper()
	var found []T
	for _, o := range all {
		if x, ok := o.(T); ok {
			if m, ok := o.(interface{ GetName() string }); ok && m.GetName() == named {
				found = append(found, x)
			}
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d of %T %s", len(found), *new(T), named)
	}
	return found[0]
}

func TestManifests_Decode(t *testing.T) {
	t.Parallel()
	for folder, least := range map[string]int{"sandbox": 3, "gateway": 8, "agent-sandbox": 2} {
		if n := len(files(t, folder)); n < least {
			t.Errorf("%s has %d objects, at least %d", folder, n, least)
		}
	}
}

// A field that the API does not have is found: else the other tests would prove nothing.
func TestManifests_Strict(t *testing.T) {
	t.Parallel()
	var d appsv1.Deployment
	text := "apiVersion: apps/v1\nkind: Deployment\nspec:\n  template:\n    spec:\n      terminationGraceSeconds: 5\n"
	if err := yaml.UnmarshalStrict([]byte(text), &d); err == nil {
		t.Error("a field that does not exist is taken")
	}
}
