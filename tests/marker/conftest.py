"""The option that writes the results that were seen into the marker files, to be read before they are kept."""


def pytest_addoption(parser):
    parser.addoption("--update-markers", action="store_true", help="write what was seen into tests/marker/testdata")
