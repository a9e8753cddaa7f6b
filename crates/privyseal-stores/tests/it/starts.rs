//! Many processes that start at once: this program, again and again.

#[cfg(any(feature = "mysql-tls", feature = "postgres-tls"))]
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Runs one test of this program in ten processes, which all wait for the same moment.
pub(crate) fn ten_processes(test: &str, url: &str) {
    let mut processes: Vec<Child> = (0..10)
        .map(|_| {
            Command::new(std::env::current_exe().unwrap())
                .args(["--exact", test, "--nocapture", "--test-threads=1"])
                .env(URL, url)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    // The end of its input is the sign for each to go on.
    for process in &mut processes {
        drop(process.stdin.take());
    }
    for process in processes {
        let output = process.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{said}");
        assert!(said.contains("1 passed"), "{said}");
    }
}

/// Runs one test of this program in a process that trusts this authority; whether it passed, and
/// what it said.
#[cfg(any(feature = "mysql-tls", feature = "postgres-tls"))]
pub(crate) fn process_that_trusts(authority: &Path, test: &str, url: &str) -> (bool, String) {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .envs([
            (URL, url.as_ref()),
            ("SSL_CERT_FILE", authority.as_os_str()),
        ])
        .env_remove("SSL_CERT_DIR")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    (
        output.status.success(),
        String::from_utf8_lossy(&said).into_owned(),
    )
}

/// In such a process: the URL, at the moment when all go on.
pub(crate) fn url_when_told() -> Option<String> {
    let url = std::env::var_os(URL)?.into_string().unwrap();
    std::io::read_to_string(std::io::stdin()).unwrap();
    Some(url)
}

const URL: &str = "PRIVYSEAL_TEST_DATABASE";
