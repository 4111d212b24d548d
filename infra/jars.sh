#!/usr/bin/env bash
# The broker and Flink's Kafka connector are jars that no Python package brings: copy what pom.xml pins into .jars/kafka,
# .jars/flink and .jars/kubernetes. All of it takes its place at once, so that a fetch which was cut short leaves nothing that looks complete.
set -euo pipefail
cd "$(dirname "$0")"
stamp="$(sha256sum pom.xml)"
[ "$(cat .jars/stamp 2>/dev/null || true)" = "$stamp" ] && exit 0

if ! command -v mvn >/dev/null && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "installing Maven to fetch the jars of Kafka and of Flink's connector"
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends maven; } >/dev/null || true
fi
if ! command -v mvn >/dev/null; then
  echo "no mvn found: install the package maven to fetch the jars of Kafka and of Flink's connector" >&2
  exit 2
fi

fresh="$(mktemp -d .jars.XXXXXX)"
trap 'rm -rf "$fresh"' EXIT
for part in kafka flink kubernetes; do
  if ! output="$(mvn -q -B -f pom.xml -P "$part" dependency:copy-dependencies -DincludeScope=runtime \
      -DoutputDirectory="$PWD/$fresh/$part" 2>&1)"; then
    echo "Maven could not fetch the jars of $part: $(grep -m1 ERROR <<<"$output" | cut -c1-300)" >&2
    exit 2
  fi
done
printf '%s\n' "$stamp" > "$fresh/stamp"
chmod 755 "$fresh"
rm -rf .jars
mv "$fresh" .jars
