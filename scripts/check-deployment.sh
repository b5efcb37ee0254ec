#!/usr/bin/env bash
# scripts/check-deployment.sh   Builds every environment and platform part with kustomize, checks each resource against its
# schema (Kubernetes, Knative, Traefik, Strimzi; strict, none skipped), and the Containerfile. Also checks that the
# checkers see a mistake. Non-zero when anything is wrong or a checker cannot be had.
set -uo pipefail
cd "$(dirname "$0")/.."
tools=$(stack/gotools.sh) || exit 1
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
failed=0

wrong() {
  echo "FAILED: $*"
  failed=1
}

conform() {
  "$tools/bin/kubeconform" -strict -summary \
    -schema-location "$tools/schemas/kubernetes/{{.ResourceKind}}{{.KindSuffix}}.json" \
    -schema-location "$tools/schemas/{{.Group}}/{{.ResourceKind}}_{{.ResourceAPIVersion}}.json" "$@"
}

# What it was, how many resources, all of them valid.
check() {
  local name=$1 built=$out/${1//\//-}.yaml summary
  "$tools/bin/kubectl" kustomize "knative/$name" >"$built" || { wrong "knative/$name does not build"; return; }
  summary=$(conform "$built") || { echo "$summary"; wrong "knative/$name is not valid"; return; }
  [[ $summary == *"Errors: 0, Skipped: 0"* && $summary != *"Summary: 0 resources"* ]] || wrong "knative/$name: $summary"
  echo "knative/$name: ${summary##*Summary: }"
}

# A copy of an environment with one mistake must be refused, or the check proves nothing.
sees() {
  local mistake=$1
  sed "$mistake" "$out/overlays-prod.yaml" >"$out/mistake.yaml"
  cmp -s "$out/overlays-prod.yaml" "$out/mistake.yaml" && wrong "the mistake $mistake changes nothing"
  conform "$out/mistake.yaml" >/dev/null && wrong "the mistake $mistake was not seen"
}

for part in base overlays/dev overlays/stage overlays/prod platform/traefik platform/kafka platform/trino; do check "$part"; done

sees 's/containerConcurrency:/containerConcurency:/'
sees 's/initialOffset:/initialOfset:/'
sees 's/backoffPolicy:/backofPolicy:/'
sees 's/forwardAuth:/forwardAuthn:/'
sees 's/podSelector:/podSelektor:/'
sees "s/containerConcurrency: .*/containerConcurrency: 'many'/"

"$tools/bin/hadolint" Containerfile && echo "Containerfile: no finding" || wrong "Containerfile"
sed 's/^USER .*/USER root/' Containerfile | "$tools/bin/hadolint" - >/dev/null && wrong "a container that runs as root was not seen"

for policy in knative/platform/minio/*.json; do python3 -m json.tool "$policy" >/dev/null || wrong "$policy is no JSON"; done

[ "$failed" -eq 0 ] && echo "deployment files: all valid"
exit "$failed"
