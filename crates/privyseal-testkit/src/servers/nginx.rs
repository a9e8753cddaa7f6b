//! nginx as a cache in front of an application.

use std::net::{Ipv4Addr, SocketAddr, TcpStream};

use anyhow::Result;
use tempfile::TempDir;

use super::instance;
use super::port::Port;
use super::process::Process;

/// nginx in front of an application, with a directory of its own; ends with us.
///
/// It is as careless as caches get: everything is kept for an hour that does not say otherwise,
/// whatever its status, also what sets a cookie, and also a 304. `X-Cache` says where an answer came from.
#[derive(Debug)]
pub struct Nginx {
    address: SocketAddr,
    _port: Port,
    // Ends before its directory goes.
    _process: Process,
    _directory: TempDir,
}

impl Nginx {
    /// Starts one, and waits until it listens.
    ///
    /// # Errors
    /// When it is not installed or does not start.
    pub fn before(application: SocketAddr) -> Result<Self> {
        let program = instance::program(&["/usr/sbin/nginx", "/usr/bin/nginx"], "nginx-light")?;
        let directory = TempDir::with_prefix("psl-nginx-")?;
        let port = Port::claim()?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port.number()));
        let config = directory.path().join("nginx.conf");
        std::fs::write(&config, config_text(address, application))?;
        let mut command = instance::command(None, &program, Some("KILL"))?;
        command.arg("-p").arg(directory.path());
        command.args(["-e", "error.log", "-c"]).arg(&config);
        let log = directory.path().join("output.log");
        let listens = || TcpStream::connect(address).is_ok();
        Ok(Self {
            address,
            _port: port,
            _process: Process::start(command, &log, listens)?,
            _directory: directory,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

fn config_text(address: SocketAddr, application: SocketAddr) -> String {
    format!(
        "daemon off; master_process off; pid nginx.pid;
         events {{}}
         http {{
           access_log off;
           client_body_temp_path body; proxy_temp_path proxy;
           fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
           proxy_cache_path cache keys_zone=pages:1m;
           server {{
             listen {address};
             location / {{
               proxy_pass http://{application};
               proxy_cache pages;
               proxy_cache_valid any 1h;
               proxy_ignore_headers Set-Cookie;
               proxy_set_header If-None-Match $http_if_none_match;
               add_header X-Cache $upstream_cache_status always;
             }}
           }}
         }}"
    )
}
