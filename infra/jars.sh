#!/usr/bin/env bash
# The broker and Flink's Kafka connector are jars that no Python package brings: copy what pom.xml pins into .jars/kafka and
# .jars/flink. The stamp is written last, so that a fetch which was cut short is begun again.
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

rm -rf .jars
for part in kafka flink; do
  if ! said="$(mvn -q -B -f pom.xml -P "$part" dependency:copy-dependencies -DincludeScope=runtime \
      -DoutputDirectory="$PWD/.jars/$part" 2>&1)"; then
    echo "Maven could not fetch the jars of $part: $(grep -m1 ERROR <<<"$said" | cut -c1-300)" >&2
    exit 2
  fi
done
printf '%s\n' "$stamp" > .jars/stamp
