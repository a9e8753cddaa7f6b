//! Three Redis servers that share their keys among them.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::RedisServer;
use crate::servers::Restart;
use crate::servers::port::Port;

/// A cluster of three nodes without replicas.
#[derive(Debug)]
pub struct RedisCluster {
    nodes: Vec<RedisServer>,
    /// On which the nodes talk to each other.
    _buses: Vec<Port>,
}

impl RedisCluster {
    /// Starts it, and waits until every node has a place for every key.
    ///
    /// # Errors
    /// When there is no `redis-server` or `redis-cli`, or they do not come together.
    pub fn start() -> Result<Self> {
        let buses: Vec<_> = (0..3).map(|_| Port::claim()).collect::<Result<_>>()?;
        let nodes: Vec<_> = buses.iter().map(node).collect::<Result<_>>()?;
        let cluster = Self {
            nodes,
            _buses: buses,
        };
        let addresses = cluster
            .nodes
            .iter()
            .map(|node| format!("127.0.0.1:{}", node.port.number()));
        let mut create = Command::new("redis-cli");
        create.args(["--cluster", "create"]).args(addresses);
        said(create.args(["--cluster-replicas", "0", "--cluster-yes"]))?;
        cluster.wait_until_whole()?;
        Ok(cluster)
    }

    /// Where the nodes listen.
    pub fn urls(&self) -> Vec<String> {
        self.nodes.iter().map(RedisServer::url).collect()
    }

    /// Waits until every node says that the cluster serves all keys.
    fn wait_until_whole(&self) -> Result<()> {
        let started = Instant::now();
        for node in &self.nodes {
            let port = node.port.number().to_string();
            let info = || said(Command::new("redis-cli").args(["-p", &port, "cluster", "info"]));
            while !info()?.contains("cluster_state:ok") {
                if started.elapsed() > PATIENCE {
                    bail!("the nodes of the cluster do not come together");
                }
                std::thread::sleep(Duration::from_millis(50));
            }
        }
        Ok(())
    }
}

impl Restart for RedisCluster {
    fn kill(&mut self) {
        self.nodes.iter_mut().for_each(Restart::kill);
    }

    fn stop(&mut self) {
        self.nodes.iter_mut().for_each(Restart::stop);
    }

    fn restart(&mut self) -> Result<()> {
        self.nodes.iter_mut().try_for_each(Restart::restart)?;
        self.wait_until_whole()
    }
}

/// The default port to talk on would be 10000 above the other one, where somebody else may be. A
/// node that is given little time by a busy machine is not to be taken for a dead one.
fn node(bus: &Port) -> Result<RedisServer> {
    RedisServer::start_with(&format!(
        "cluster-enabled yes\ncluster-port {}\ncluster-node-timeout 15000",
        bus.number()
    ))
}

fn said(command: &mut Command) -> Result<String> {
    let output = command
        .output()
        .context("there is no redis-cli\n\nhint: apt-get install redis-tools")?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        bail!("redis-cli: {said}");
    }
    Ok(said)
}

/// How long the nodes may take to find each other.
const PATIENCE: Duration = Duration::from_mins(2);
