//! What a node says of its ring, as Prometheus reads it.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::{Registry, Unit};

use super::{NodeState, RingStatus, Watcher};

/// Tells a registry of `prometheus-client` 0.25 what the node knows when it is asked.
///
/// - `privyseal_ring_state{state}` is 1 for the [state](NodeState) that the node is in, and 0 for
///   the others.
/// - `privyseal_ring_verifies` and `privyseal_ring_signs` are 1 while the node does so.
/// - `privyseal_ring_generation` is the generation that it knows.
/// - `privyseal_ring_snapshot_age_seconds` is how long ago it asked last and was told that.
/// - `privyseal_ring_newest_key_age_seconds` grows beyond the period of the policy if nothing
///   rotates the ring, and `privyseal_ring_rotation_overdue` is then 1.
/// - `privyseal_ring_verifications_total{key}` counts the tokens that each key has verified in this
///   process, for as long as it verifies.
///
/// What is not known, because the node is empty, is left out. It follows the ring for as long as
/// the registry lives.
///
/// # Examples
/// ```
/// # #[cfg(feature = "files")] {
/// # use std::sync::Arc;
/// # use privyseal_keys::kek::PlainKek;
/// # use privyseal_keys::repository::{DynRepository, FileRepository};
/// # use privyseal_keys::ring::Keeper;
/// use privyseal_keys::ring::{RingCollector, Watcher};
/// use prometheus_client::encoding::text::encode;
/// use prometheus_client::registry::Registry;
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// # let place = tempfile::tempdir()?;
/// # let path = place.path().join("ring");
/// # let kek = Arc::new(PlainKek::for_file(&path));
/// # let keeper = Arc::new(Keeper::new(DynRepository::new(FileRepository::new(path)), kek));
/// let watcher = Watcher::new(keeper).start().await;
/// let mut registry = Registry::default();
/// RingCollector::new(watcher).register(&mut registry);
///
/// let mut exposition = String::new();
/// encode(&mut exposition, &registry)?;
/// assert!(exposition.contains(r#"privyseal_ring_state{state="empty"} 1"#)); // no ring was made
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct RingCollector(Watcher);

impl RingCollector {
    /// For the node of this watcher.
    pub fn new(watcher: Watcher) -> Self {
        Self(watcher)
    }

    /// Makes the numbers part of what a registry exposes.
    pub fn register(self, registry: &mut Registry) {
        registry.register_collector(Box::new(self));
    }
}

impl Collector for RingCollector {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        encode(&self.0.status(), encoder)
    }
}

impl fmt::Debug for RingCollector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RingCollector")
            .field(&self.0.status())
            .finish()
    }
}

fn encode(status: &RingStatus, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
    states(status.state, &mut encoder)?;
    let mut gauge = |name, help, unit, value: Option<u64>| match value {
        Some(value) => {
            let metric = encoder.encode_descriptor(name, help, unit, MetricType::Gauge)?;
            ConstGauge::new(value).encode(metric)
        }
        None => Ok(()),
    };
    let ring = status.ring.as_ref();
    gauge(
        "privyseal_ring_verifies",
        "Whether the node verifies tokens",
        None,
        Some(status.verifies.into()),
    )?;
    gauge(
        "privyseal_ring_signs",
        "Whether the node signs tokens",
        None,
        Some(status.signs.into()),
    )?;
    gauge(
        "privyseal_ring_generation",
        "Generation of the ring that the node knows",
        None,
        ring.map(|ring| ring.generation),
    )?;
    gauge(
        "privyseal_ring_snapshot_age",
        "Since the node asked for the ring and was told that this is it",
        Some(&Unit::Seconds),
        status.age.map(|age| age.as_secs()),
    )?;
    gauge(
        "privyseal_ring_newest_key_age",
        "Since the newest key of the ring was made",
        Some(&Unit::Seconds),
        ring.map(|ring| ring.newest_key_age),
    )?;
    gauge(
        "privyseal_ring_rotation_overdue",
        "Whether a rotation has been due for longer than a standby takes to become ready",
        None,
        ring.map(|ring| ring.is_rotation_overdue.into()),
    )?;
    verifications(status, &mut encoder)
}

fn states(present: NodeState, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
    let help = "The state of the node: 1 for the one that it is in";
    let mut family =
        encoder.encode_descriptor("privyseal_ring_state", help, None, MetricType::Gauge)?;
    for state in NodeState::ALL {
        let value = ConstGauge::new(u64::from(state == present));
        value.encode(family.encode_family(&[("state", state.name())])?)?;
    }
    Ok(())
}

fn verifications(status: &RingStatus, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
    if status.verifications.is_empty() {
        return Ok(());
    }
    let mut family = encoder.encode_descriptor(
        "privyseal_ring_verifications",
        "Tokens that each key has verified in this process",
        None,
        MetricType::Counter,
    )?;
    for (key, count) in &status.verifications {
        let key = key.to_string();
        ConstCounter::new(*count).encode(family.encode_family(&[("key", key.as_str())])?)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use privyseal::KeyId;
    use privyseal::ring::RingId;
    use prometheus_client::encoding::text;

    use super::*;
    use crate::ring::RingSummary;

    /// A collector of one status.
    #[derive(Debug)]
    struct Fixed(RingStatus);

    impl Collector for Fixed {
        fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
            encode(&self.0, encoder)
        }
    }

    fn lines(status: RingStatus) -> Vec<String> {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(Fixed(status)));
        let mut exposition = String::new();
        text::encode(&mut exposition, &registry).unwrap();
        let lines = exposition.lines().filter(|line| !line.starts_with('#'));
        lines.map(str::to_owned).collect()
    }

    #[test]
    fn a_node_that_is_stale_and_nobody_rotates() {
        let status = RingStatus {
            state: NodeState::Stale,
            ring: Some(RingSummary {
                id: RingId::from_bytes([7; 16]),
                generation: 43,
                signer: KeyId::from_bytes([1; 8]),
                newest_key_age: 2_600_000,
                is_rotation_overdue: true,
            }),
            verifies: true,
            signs: false,
            age: Some(Duration::from_millis(301_900)),
            trouble: None,
            verifications: vec![
                (KeyId::from_bytes([1; 8]), 12),
                (KeyId::from_bytes([2; 8]), 0),
            ],
        };
        assert_eq!(
            lines(status),
            [
                r#"privyseal_ring_state{state="fresh"} 0"#,
                r#"privyseal_ring_state{state="stale"} 1"#,
                r#"privyseal_ring_state{state="empty"} 0"#,
                r#"privyseal_ring_state{state="held"} 0"#,
                "privyseal_ring_verifies 1",
                "privyseal_ring_signs 0",
                "privyseal_ring_generation 43",
                "privyseal_ring_snapshot_age_seconds 301",
                "privyseal_ring_newest_key_age_seconds 2600000",
                "privyseal_ring_rotation_overdue 1",
                r#"privyseal_ring_verifications_total{key="0101010101010101"} 12"#,
                r#"privyseal_ring_verifications_total{key="0202020202020202"} 0"#,
            ]
        );
    }

    #[test]
    fn a_node_that_is_empty_makes_no_numbers_up() {
        let status = RingStatus {
            state: NodeState::Empty,
            ring: None,
            verifies: false,
            signs: false,
            age: None,
            trouble: None,
            verifications: Vec::new(),
        };
        let lines = lines(status);
        assert_eq!(lines.len(), 6, "{lines:?}");
        assert!(lines.contains(&r#"privyseal_ring_state{state="empty"} 1"#.to_owned()));
    }
}
