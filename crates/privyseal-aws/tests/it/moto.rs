//! The services of AWS as moto has them, as a child process.

use std::sync::OnceLock;
use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region};
use aws_sdk_kms::config::Credentials;
use privyseal_aws::SdkConfig;
use privyseal_testkit::client;
use privyseal_testkit::moto::MotoApp;
use serde_json::{Value, json};

/// moto, and how it is told what to answer.
#[derive(Debug)]
pub(crate) struct Moto(MotoApp);

impl Moto {
    pub(crate) fn start() -> Self {
        Self(MotoApp::start().unwrap())
    }

    /// One that all tests share that neither end it nor tell it what to answer.
    pub(crate) fn shared() -> &'static Self {
        static SHARED: OnceLock<Moto> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.0.address())
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
        let told = client::send(
            self.0.address(),
            "POST",
            "/faults",
            &[],
            &faults.to_string(),
        );
        assert_eq!(told.unwrap().status, 200);
    }

    /// How often a target was called so far.
    pub(crate) fn calls(&self, target: &str) -> u64 {
        let calls = client::send(self.0.address(), "GET", "/calls", &[], "").unwrap();
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
