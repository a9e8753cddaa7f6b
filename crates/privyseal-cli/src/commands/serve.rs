//! `privyseal serve`: the sample application.

mod ring;

use std::future::Future;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::PathBuf;

use anstream::stderr;
use anyhow::{Context, Result};
use clap::Args;
use privyseal_server::{Options, StoreUrl, serve};
use serde::Serialize;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::Answer;
use crate::commands::serve::ring::NodeFlags;
use crate::failure::{self, Failure};
use crate::output::Output;
use crate::store::{DATA_DIRECTORY, StoreFlags};

#[derive(Args, Debug)]
#[command(before_long_help = "\
Examples:
  privyseal serve
  privyseal serve --listen 127.0.0.1:0 --data-dir /var/lib/privyseal
  privyseal serve --store postgres://app@db.internal/app
  privyseal serve --store-file /etc/privyseal/store.url
  privyseal serve --ring file:/var/lib/app/ring --kek file:/etc/app/ring.kek")]
pub(crate) struct Arguments {
    /// Address and port to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Directory of the keys and of the sessions, unless they are elsewhere; it and its first key are made on the first start
    #[arg(long, value_name = "DIR", default_value = DATA_DIRECTORY)]
    data_dir: PathBuf,
    #[command(flatten)]
    store: StoreFlags,
    #[command(flatten)]
    node: NodeFlags,
}

/// What is known once the server listens.
#[derive(Serialize)]
struct Started {
    url: String,
    /// The kind of store.
    store: &'static str,
    /// Whether the keys are those of a ring.
    ring: bool,
}

impl Arguments {
    pub(crate) fn run(self, output: Output) -> Result<Answer> {
        let store = self.store.url(&self.data_dir)?;
        report_events();
        tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .context("could not start the server")?
            .block_on(self.serve(store, output))
    }

    async fn serve(self, store: StoreUrl, output: Output) -> Result<Answer> {
        let node = self.node.start().await?;
        let is_on_ring = node.is_some();
        let options = match node {
            Some(node) => Options::prepare_on_ring(node, self.data_dir, &store).await?,
            None => Options::prepare_with(self.data_dir, &store).await?,
        };
        options.warnings().iter().for_each(failure::warn_of_key);
        // Before anyone can connect, so that no signal finds the server without an ear for it.
        let signal = stop_signal().context("could not listen for signals")?;
        let listener = TcpListener::bind(self.listen).await.map_err(|error| {
            let message = format!("could not listen on {}: {error}", self.listen);
            Failure::new(message, "choose another address or port with --listen")
        })?;
        let started = Started {
            url: url(listener.local_addr()?),
            store: store.kind(),
            ring: is_on_ring,
        };
        announce(listener.local_addr()?, &started, output)?;

        let (report, reported) = oneshot::channel();
        let shutdown = async move {
            // The receiver is there for as long as the server runs.
            let _ = report.send(signal.await);
        };
        serve(listener, options, shutdown).await?;
        Ok(reported.await?)
    }
}

/// Sends what goes wrong while serving to standard error, a line each.
fn report_events() {
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::WARN)
        .with_writer(io::stderr)
        .with_target(false)
        .init();
}

fn url(address: SocketAddr) -> String {
    if address.ip().is_unspecified() {
        format!("http://localhost:{}", address.port())
    } else {
        format!("http://{address}")
    }
}

fn announce(address: SocketAddr, started: &Started, output: Output) -> Result<()> {
    // Without a standard error there is nobody to tell.
    let _ = writeln!(stderr(), "serving on {}", started.url);
    if !address.ip().to_canonical().is_loopback() {
        failure::warn(
            "other machines can reach the server, and whoever does can rotate its keys",
            "leave --listen away to serve this machine only",
        );
    }
    if output.is_json() {
        output.print("", started)?;
    }
    Ok(())
}

/// Resolves when the program is told to stop: by Ctrl-C, which is an interruption, or by the
/// signal of service managers, which is the regular end of a server.
fn stop_signal() -> io::Result<impl Future<Output = Answer> + Send + 'static> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        Ok(async move {
            tokio::select! {
                _ = terminate.recv() => Answer::Yes,
                _ = interrupt.recv() => Answer::Interrupted,
            }
        })
    }
    #[cfg(not(unix))]
    Ok(async {
        match tokio::signal::ctrl_c().await {
            Ok(()) => Answer::Interrupted,
            Err(_) => std::future::pending().await,
        }
    })
}
