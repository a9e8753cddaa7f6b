//! Three processes on one key ring: what happens to the people who are signed in.

mod outage;
mod revocation;
mod rotation;

use std::net::SocketAddr;

use privyseal::KeyId;
use privyseal::ring::Operation;
use privyseal_keys::ring::Opened;
use privyseal_system_tests::fleet::{Fleet, FleetNode, NodeSettings};
use serde_json::Value;

fn start(settings: &NodeSettings) -> FleetNode {
    FleetNode::start(env!("CARGO_BIN_EXE_privyseal-test-node"), settings).unwrap()
}

/// Three nodes of a ring that is there.
fn three_nodes(fleet: &Fleet) -> [FleetNode; 3] {
    let nodes = [(); 3].map(|()| start(&fleet.settings()));
    for node in &nodes {
        node.wait_until_state("fresh").unwrap();
    }
    nodes
}

fn addresses(nodes: &[FleetNode]) -> Vec<SocketAddr> {
    nodes.iter().map(FleetNode::address).collect()
}

/// Sets the time from which the standby signs; an error when another one is set already.
fn rotate(fleet: &Fleet) -> anyhow::Result<Opened> {
    fleet.apply(|opened| {
        let standby = opened.new_key()?;
        Ok(Some(Operation::Rotate {
            standby,
            sign_from: None,
        }))
    })
}

/// Lets the standby sign now; an error when not every node knows it yet.
fn promote(fleet: &Fleet) -> anyhow::Result<Opened> {
    fleet.apply(|opened| {
        let standby = Some(opened.new_key()?);
        Ok(Some(Operation::Promote { standby }))
    })
}

fn revoke(fleet: &Fleet, key: KeyId) -> anyhow::Result<Opened> {
    fleet.apply(|opened| {
        let standby = Some(opened.new_key()?);
        Ok(Some(Operation::Revoke {
            key,
            standby,
            note: None,
        }))
    })
}

fn generation(health: &Value) -> u64 {
    health["generation"].as_u64().unwrap()
}
