"""What developers run: `nox`, or `nox -s tests -- tests/storage`."""

import nox

nox.needs_version = ">=2026.10"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.reuse_venv = "yes"
nox.options.sessions = ["lint", "types", "tests"]


@nox.session
def lint(session):
    """Style, and imports that point one way."""
    session.install("-e", ".[lint]")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("lint-imports")


@nox.session
def types(session):
    """Types, strict, with both checkers."""
    session.install("-e", ".[test,lint]")
    session.run("mypy")
    session.run("pyright")


@nox.session
def tests(session):
    """The whole suite on real servers; arguments go to pytest."""
    session.install("-e", ".[test]")
    session.run("pytest", "-n", "2", *session.posargs)


@nox.session
def coverage(session):
    """The whole suite with the branches it reaches."""
    session.install("-e", ".[test]")
    session.run("pytest", "-n", "2", "--cov", "--cov-report=term-missing", *session.posargs)


@nox.session
def full(session):
    """The deep suites: every history, world and crash, not a sample of them."""
    session.install("-e", ".[test]")
    options = ["-n", "2", "--timeout", "7200", *session.posargs]
    session.run("pytest", *options, env={"CRMKIT_FULL": "1"})


@nox.session
def mutants(session):
    """Change the code in small ways and count which changes the tests notice.

    Arguments name what is changed, such as "crmkit.domain.access.*"; without any it is all that
    the settings name.
    """
    session.install("-e", ".[test]", "mutmut>=3.8")
    session.run("mutmut", "run", "--max-children", "2", *session.posargs)
    session.run("mutmut", "results")


@nox.session
def docs(session):
    """The manual, warnings are errors."""
    session.install("-e", ".[docs]")
    session.run("sphinx-build", "-W", "--keep-going", "docs", "docs/_build")


@nox.session
def bench(session):
    """crmkit beside the raw drivers and its peers, in one run."""
    session.install("-e", ".[test]")
    session.install("-r", "benchmarks/requirements.txt")
    session.run("python", "-m", "benchmarks", *session.posargs)
