"""What deploys Touchline. Not part of the installed package: the tests and benchmarks import it from the checkout."""
