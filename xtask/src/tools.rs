//! The tools that tests need besides Rust: found, or installed, or named with what to do.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use anyhow::{Context as _, Result, bail};

use crate::process::{output, program, quietly, succeeds, target_directory};

/// Makes sure that `name` is on the PATH, from the Debian `packages` when it is not.
pub(crate) fn command(name: &str, packages: &[&str]) -> Result<String> {
    if find(name).is_some() {
        return Ok(String::new());
    }
    install(name, packages)?;
    find(name).with_context(|| format!("installed {packages:?}, and still no `{name}`"))?;
    Ok("installed".into())
}

/// Makes sure that a program is there that Debian keeps off the PATH.
pub(crate) fn file(path: &str, packages: &[&str]) -> Result<String> {
    let is_there = || Path::new(path).is_file();
    if is_there() {
        return Ok(String::new());
    }
    install(path, packages)?;
    if !is_there() {
        bail!("installed {packages:?}, and still no `{path}`");
    }
    Ok("installed".into())
}

/// Makes sure that there is a Redis.
pub(crate) fn redis() -> Result<String> {
    command("redis-server", &["redis-server"])
}

/// Makes sure that there is a PostgreSQL.
pub(crate) fn postgres() -> Result<String> {
    file("/usr/lib/postgresql/15/bin/postgres", &["postgresql-15"])
}

/// Makes sure that there is a MariaDB.
pub(crate) fn mariadb() -> Result<String> {
    file("/usr/sbin/mariadbd", &["mariadb-server"])
}

/// Makes sure that there is a token in software, and the program that makes one.
pub(crate) fn softhsm() -> Result<String> {
    let packages = ["softhsm2", "libsofthsm2"];
    command("softhsm2-util", &packages)?;
    file("/usr/lib/softhsm/libsofthsm2.so", &packages)
}

/// Makes sure that there is a Python that can make virtual environments.
pub(crate) fn python() -> Result<String> {
    if !makes_environments() {
        install("python3", &["python3", "python3-venv"])?;
        if !makes_environments() {
            bail!("python3 cannot make a virtual environment\n\nhint: install python3-venv");
        }
    }
    let mut version = program("python3");
    version.arg("--version");
    Ok(String::from_utf8_lossy(&output(version)?)
        .trim_end()
        .to_owned())
}

/// Makes the virtual environment with the pinned packages of `interop/requirements.txt`.
pub(crate) fn interop_environment() -> Result<String> {
    environment(
        "interop/requirements.txt",
        &interop_directory()?,
        "import flask, itsdangerous",
    )
}

/// Makes the virtual environment with the pinned packages of `interop/moto-requirements.txt`.
pub(crate) fn moto_environment() -> Result<String> {
    environment(
        "interop/moto-requirements.txt",
        &moto_directory()?,
        "import moto.kms, moto.moto_server.werkzeug_app, moto.secretsmanager",
    )
}

/// The Python of the environment with the pinned packages.
pub(crate) fn interop_python() -> Result<PathBuf> {
    Ok(interop_directory()?.join("bin/python"))
}

/// The Python of the environment with moto.
pub(crate) fn moto_python() -> Result<PathBuf> {
    Ok(moto_directory()?.join("bin/python"))
}

/// Makes a virtual environment with pinned packages that can be imported.
///
/// The copy of the pins inside is written last, so an interrupted or outdated environment is
/// made again.
fn environment(requirements: &str, directory: &Path, imports: &str) -> Result<String> {
    let requirements = crate::root().join(requirements);
    let pins = fs::read_to_string(&requirements)
        .with_context(|| format!("could not read {}", requirements.display()))?;
    let stamp = directory.join("requirements.txt");
    let python = directory.join("bin/python");
    let mut check = program(&python);
    check.args(["-c", imports]);
    if fs::read_to_string(&stamp).is_ok_and(|made_from| made_from == pins) && succeeds(check) {
        return Ok(String::new());
    }
    let mut venv = program("python3");
    venv.args(["-m", "venv", "--clear"]).arg(directory);
    quietly(venv)?;
    let mut pip = program(&python);
    pip.args([
        "-m",
        "pip",
        "install",
        "--disable-pip-version-check",
        "--no-deps",
        "-r",
    ]);
    pip.arg(&requirements);
    quietly(pip)?;
    fs::write(stamp, pins)?;
    Ok("made".into())
}

/// The first program of this name on the PATH.
pub(crate) fn find(name: &str) -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?)
        .map(|directory| directory.join(name))
        .find(|path| path.is_file())
}

fn interop_directory() -> Result<PathBuf> {
    Ok(target_directory()?.join("interop-venv"))
}

fn moto_directory() -> Result<PathBuf> {
    Ok(target_directory()?.join("moto-venv"))
}

fn makes_environments() -> bool {
    let mut check = program("python3");
    check.args(["-c", "import venv, ensurepip"]);
    succeeds(check)
}

/// A fresh machine has no package lists; fetching them once per run is enough.
static UPDATED: OnceLock<()> = OnceLock::new();

/// Installs Debian packages, when this machine has `apt-get` and we may use it.
fn install(tool: &str, packages: &[&str]) -> Result<()> {
    let list = packages.join(" ");
    let mut identity = program("id");
    identity.arg("-u");
    let is_root = output(identity).is_ok_and(|id| id == b"0\n");
    if !is_root || find("apt-get").is_none() {
        bail!(
            "`{tool}` is not installed, and only root on a Debian-like system can install it here\n\n\
             hint: install it (Debian: `sudo apt-get install {list}`) and run the command again"
        );
    }
    if UPDATED.get().is_none() {
        apt_get(["update"])?;
        UPDATED.get_or_init(|| ());
    }
    let arguments = ["install", "--yes", "--no-install-recommends"];
    apt_get(arguments.iter().chain(packages)).context(format!("could not install {list}"))
}

fn apt_get(arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Result<()> {
    let mut apt = program("apt-get");
    // Another installation may be under way; wait for it rather than fail.
    apt.args(["-o", "DPkg::Lock::Timeout=300"])
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive")
        // A package that brings a server must not start it; in this runlevel Debian's scripts do not.
        .env("RUNLEVEL", "1");
    quietly(apt).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_found_on_the_path_only() {
        assert!(find("sh").is_some());
        assert_eq!(find("no-such-program-anywhere"), None);
    }

    #[test]
    fn a_tool_that_is_there_is_not_installed() {
        assert_eq!(command("sh", &["no-such-package"]).unwrap(), "");
    }
}
