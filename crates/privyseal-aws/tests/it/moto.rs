//! The services of AWS as moto has them, as a child process.

use std::env;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region};
use aws_sdk_kms::config::Credentials;
use privyseal_aws::SdkConfig;
use privyseal_testkit::child::Server;
use privyseal_testkit::client;
use serde_json::{Value, json};

/// `interop/moto_app.py`, running: what it knows is gone with it.
#[derive(Debug)]
pub(crate) struct Moto {
    address: SocketAddr,
    _server: Server,
}

impl Moto {
    pub(crate) fn start() -> Self {
        let mut command = Command::new(python());
        command.arg(workspace().join("interop/moto_app.py"));
        let (server, port) = Server::start(command, "").unwrap();
        Self {
            address: (Ipv4Addr::LOCALHOST, port.parse().unwrap()).into(),
            _server: server,
        }
    }

    /// One that all tests share that neither end it nor tell it what to answer.
    pub(crate) fn shared() -> &'static Self {
        static SHARED: OnceLock<Moto> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) async fn configuration(&self) -> SdkConfig {
        configuration(&self.url()).await
    }

    /// The next call of this target is answered with this error of this status, in as many attempts
    /// as the client makes.
    pub(crate) fn fails(&self, target: &str, code: &str, status: u16) {
        let fault = json!({"target": target, "code": code, "status": status});
        self.faults(&json!(vec![fault; ATTEMPTS]));
    }

    /// What is to be answered in the place of moto, and no longer what was before; see
    /// `interop/moto_app.py`.
    pub(crate) fn faults(&self, faults: &Value) {
        let told = client::send(self.address, "POST", "/faults", &[], &faults.to_string());
        assert_eq!(told.unwrap().status, 200);
    }

    /// How often a target was called so far.
    pub(crate) fn calls(&self, target: &str) -> u64 {
        let calls = client::send(self.address, "GET", "/calls", &[], "").unwrap();
        let calls: Value = serde_json::from_str(&calls.body).unwrap();
        calls[target].as_u64().unwrap_or(0)
    }
}

/// How the services at this URL are reached. Any credentials do, and a machine that has much else to
/// do gets its time.
pub(crate) async fn configuration(url: &str) -> SdkConfig {
    let limits = TimeoutConfig::builder()
        .connect_timeout(PATIENCE)
        .operation_attempt_timeout(PATIENCE)
        .operation_timeout(PATIENCE);
    let credentials = Credentials::builder()
        .access_key_id("test")
        .secret_access_key("test")
        .provider_name("test");
    aws_config::defaults(BehaviorVersion::latest())
        .endpoint_url(url)
        .region(Region::new("eu-central-1"))
        .credentials_provider(credentials.build())
        .timeout_config(limits.build())
        .load()
        .await
}

const PATIENCE: Duration = Duration::from_mins(1);

/// How often the client of AWS makes a call, unless it is told otherwise.
const ATTEMPTS: usize = 3;

/// The Python with the packages of `interop/moto-requirements.txt`.
fn python() -> PathBuf {
    if let Some(python) = env::var_os("PRIVYSEAL_MOTO_PYTHON") {
        return python.into();
    }
    let python = workspace().join("target/moto-venv/bin/python");
    assert!(
        python.exists(),
        "there is no Python with moto to test against\n\nhint: run cargo xtask test"
    );
    python
}

fn workspace() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}
