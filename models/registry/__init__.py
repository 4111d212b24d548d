"""The model registry: a folder of immutable versions, an audit log, and a pointer to the live version. MLflow is a view of it."""
