//! Three Redis servers that share their keys among them.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::{RedisServer, free_port};

/// A cluster of three nodes without replicas.
#[derive(Debug)]
pub struct RedisCluster {
    nodes: Vec<RedisServer>,
}

impl RedisCluster {
    /// Starts it, and waits until every node has a place for every key.
    ///
    /// # Errors
    /// When there is no `redis-server` or `redis-cli`, or they do not come together.
    pub fn start() -> Result<Self> {
        let nodes: Vec<_> = (0..3).map(|_| node()).collect::<Result<_>>()?;
        let cluster = Self { nodes };
        let addresses = cluster
            .nodes
            .iter()
            .map(|node| format!("127.0.0.1:{}", node.port));
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

    /// The nodes, to be killed and started again.
    pub fn nodes(&mut self) -> &mut [RedisServer] {
        &mut self.nodes
    }

    /// Waits until every node says that the cluster serves all keys.
    ///
    /// # Errors
    /// When that takes half a minute.
    pub fn wait_until_whole(&self) -> Result<()> {
        let started = Instant::now();
        for node in &self.nodes {
            let port = node.port.to_string();
            let info = || said(Command::new("redis-cli").args(["-p", &port, "cluster", "info"]));
            while !info()?.contains("cluster_state:ok") {
                if started.elapsed() > Duration::from_secs(30) {
                    bail!("the nodes of the cluster do not come together");
                }
                std::thread::yield_now();
            }
        }
        Ok(())
    }
}

fn node() -> Result<RedisServer> {
    // The default would be 10000 above the other port, where there may be none.
    let bus = free_port()?;
    RedisServer::start_with(&format!(
        "cluster-enabled yes\ncluster-port {bus}\ncluster-node-timeout 2000"
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
