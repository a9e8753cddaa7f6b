//! Certificates for a test, made by the `openssl` program.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

/// Makes an authority (`ca.pem`) and a server's key and certificate of it in a directory.
pub(super) fn make_certificates(directory: &Path) -> Result<()> {
    let authority = "-keyout ca.key -out ca.pem -subj /CN=Test -addext keyUsage=keyCertSign";
    openssl(directory, authority)?;
    let server = "-keyout server.key -out server.pem -subj /CN=Server -CA ca.pem -CAkey ca.key \
                  -addext subjectAltName=IP:127.0.0.1 -addext basicConstraints=CA:FALSE";
    openssl(directory, server)
}

fn openssl(directory: &Path, arguments: &str) -> Result<()> {
    let output = Command::new("openssl")
        .args(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -noenc -days 2".split(' '),
        )
        .args(arguments.split_ascii_whitespace())
        .current_dir(directory)
        .output()
        .context("there is no openssl\n\nhint: apt-get install openssl")?;
    if !output.status.success() {
        bail!("openssl: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}
