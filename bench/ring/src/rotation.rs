//! Keys that are rotated while `wrk` asks.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use privyseal_system_tests::fleet::{Fleet, FleetNode, HASTY, RingKind, Visitor};

use crate::{Arguments, milliseconds, name};

/// What `wrk` counted, by the script.
#[derive(Default)]
struct Figures {
    requests: u64,
    failed: u64,
    signed_out: u64,
    deleted: u64,
    p50: Duration,
    p99: Duration,
}

pub(crate) fn run(kind: RingKind, arguments: &Arguments) -> Result<()> {
    let fleet = Fleet::new(kind)?;
    fleet.init(HASTY)?;
    let nodes = arguments.servers(&fleet, false)?;
    // To know how fast it is here; of no account otherwise.
    let first = wrk(&fleet, &nodes, 2)?;
    let seconds = (arguments.requests * 2).div_ceil(first.requests.max(1)) * 5 / 4;
    let stop = AtomicBool::new(false);
    let before = generation(&nodes)?;
    let (figures, rotated) = thread::scope(|scope| {
        let rotated = scope.spawn(|| rotate_until(&stop, &fleet, &arguments.binary));
        let figures = wrk(&fleet, &nodes, seconds.max(arguments.seconds));
        stop.store(true, Ordering::Relaxed);
        (figures, rotated.join())
    });
    let figures = figures?;
    rotated.ok().context("the rotation panicked")??;
    let rotations = generation(&nodes)? - before;
    println!(
        "| {} | {} | {rotations} | {} | {} | {} | {} | {} |",
        name(kind),
        figures.requests,
        figures.failed,
        figures.signed_out,
        figures.deleted,
        milliseconds(figures.p50),
        milliseconds(figures.p99),
    );
    Ok(())
}

fn generation(nodes: &[FleetNode]) -> Result<u64> {
    let node = nodes.first().context("there are nodes")?;
    node.generation()
}

/// Calls `privyseal ring rotate` again and again; most of the time it is too early.
fn rotate_until(stop: &AtomicBool, fleet: &Fleet, binary: &Path) -> Result<()> {
    let mut done = 0;
    while !stop.load(Ordering::Relaxed) {
        let mut rotate = Command::new(binary);
        rotate
            .args(["ring", "rotate"])
            .args(fleet.settings().ring_arguments());
        let status = rotate
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()?;
        done += u32::from(status.success());
        thread::sleep(Duration::from_millis(500));
    }
    if done == 0 {
        bail!("`privyseal ring rotate` has never rotated");
    }
    Ok(())
}

fn wrk(fleet: &Fleet, nodes: &[FleetNode], seconds: u64) -> Result<Figures> {
    let script = fleet.directory().join("visitor.lua");
    std::fs::write(&script, include_str!("visitor.lua"))?;
    let (mut servers, mut cookies) = (Vec::new(), Vec::new());
    for node in nodes {
        let visitor = Visitor::signed_in(node.address(), "sealed", "ada")?;
        servers.push(node.address().to_string());
        cookies.push(visitor.cookie().to_owned());
    }
    let url = format!(
        "http://{}/sealed",
        servers.first().context("there are nodes")?
    );
    let mut wrk = Command::new("wrk");
    wrk.args(["-t3", "-c24", &format!("-d{seconds}s"), "-s"]);
    wrk.arg(&script).arg(url);
    wrk.env("SERVERS", servers.join(" "))
        .env("COOKIES", cookies.join(" "));
    let output = wrk
        .output()
        .context("could not start wrk\n\nhint: apt-get install --no-install-recommends wrk")?;
    let said = String::from_utf8_lossy(&output.stdout);
    let line = said.lines().find_map(|line| line.strip_prefix("figures "));
    let line = line.with_context(|| format!("wrk said: {said}"))?;
    let numbers: Vec<u64> = line.split(' ').map(str::parse).collect::<Result<_, _>>()?;
    let [requests, failed, signed_out, deleted, p50, p99] = numbers[..] else {
        bail!("wrk said: {line}");
    };
    Ok(Figures {
        requests,
        failed,
        signed_out,
        deleted,
        p50: Duration::from_micros(p50),
        p99: Duration::from_micros(p99),
    })
}
