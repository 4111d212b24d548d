#!/bin/sh
# Where Flink's Kubernetes operator looks for it in an image. Its commands are the scripts of Flink's own distribution.
exec tini -- "$@"
