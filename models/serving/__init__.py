"""Models over HTTP: a server that speaks the SageMaker container contract, and clients that are models themselves."""
