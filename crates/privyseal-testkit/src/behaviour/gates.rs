//! Gates: requests wait at them until the test lets them pass.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use tokio::sync::watch;

/// Gates by name, all closed at first. A clone is the same gates.
#[derive(Clone, Debug, Default)]
pub struct Gates(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    gates: Mutex<BTreeMap<String, Gate>>,
    arrival: Condvar,
}

#[derive(Debug, Default)]
struct Gate {
    arrivals: usize,
    open: watch::Sender<bool>,
}

impl Gates {
    /// Waits, in a handler, until the gate is open.
    pub async fn pass(&self, name: &str) {
        let mut open = {
            let mut gates = self.0.gates.lock().unwrap();
            let gate = gates.entry(name.to_owned()).or_default();
            gate.arrivals += 1;
            self.0.arrival.notify_all();
            gate.open.subscribe()
        };
        // An error would mean that the gate is gone, but we hold all of them.
        let _ = open.wait_for(|open| *open).await;
    }

    /// Waits, in the test, until this many requests have come to the gate.
    ///
    /// # Panics
    /// When they do not come within a minute.
    pub fn wait_for(&self, name: &str, arrivals: usize) {
        let gates = self.0.gates.lock().unwrap();
        let too_few = |gates: &mut BTreeMap<String, Gate>| {
            gates.get(name).is_none_or(|gate| gate.arrivals < arrivals)
        };
        let patience = Duration::from_mins(1);
        let arrival = &self.0.arrival;
        let (gates, waited) = arrival
            .wait_timeout_while(gates, patience, too_few)
            .unwrap();
        drop(gates);
        assert!(!waited.timed_out(), "too few requests came to {name}");
    }

    /// Opens a gate for good.
    pub fn open(&self, name: &str) {
        let mut gates = self.0.gates.lock().unwrap();
        let gate = gates.entry(name.to_owned()).or_default();
        gate.open.send_replace(true);
    }

    pub(super) fn open_all(&self) {
        let gates = self.0.gates.lock();
        for gate in gates.iter().flat_map(|gates| gates.values()) {
            gate.open.send_replace(true);
        }
    }
}
