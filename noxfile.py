import nox

nox.options.sessions = ["lint", "types", "tests"]


@nox.session
def lint(session):
    session.install("-e", ".[lint]")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("lint-imports")


@nox.session
def types(session):
    session.install("-e", ".[lint,test]")
    session.run("mypy")
    session.run("pyright")


@nox.session
def tests(session):
    session.install("-e", ".[test]")
    session.run("pytest", "-n", "2", *session.posargs)


@nox.session
def coverage(session):
    session.install("-e", ".[test]")
    session.run("pytest", "-n", "2", "--cov", "--cov-branch", *session.posargs)


@nox.session
def full(session):
    session.install("-e", ".[test]")
    session.run("pytest", "-n", "2", *session.posargs, env={"CRMKIT_FULL": "1"})


@nox.session
def docs(session):
    session.install("-e", ".[docs]")
    session.run("sphinx-build", "-W", "--keep-going", "docs", "docs/_build")


@nox.session
def bench(session):
    session.install("-e", ".[test]")
    session.install("-r", "benchmarks/requirements.txt")
    session.run("python", "-m", "benchmarks", *session.posargs)
