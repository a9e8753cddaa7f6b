//! The file of the database, and connections to it.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use privyseal_session::store::StoreError;
use rusqlite::{Connection, OpenFlags};

/// Makes the file unless it is there; returns its path without any link or relative part.
///
/// An absolute path is also never a name that SQLite reads as something else, such as
/// `:memory:` or `file:...?mode=memory`.
pub(super) fn create(path: &Path) -> Result<PathBuf, StoreError> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let name = path
        .file_name()
        .ok_or_else(|| StoreError::unavailable("the path of the session database names no file"))?;
    let directory = fs::canonicalize(directory).map_err(StoreError::unavailable)?;
    let path = directory.join(name);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    // SQLite gives the files beside it, `-wal` and `-shm`, the mode of the database.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(&path) {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(StoreError::unavailable(error)),
    }
    let kind = fs::symlink_metadata(&path).map_err(StoreError::unavailable)?;
    if kind.is_file() {
        Ok(path)
    } else {
        let message = "the session database is a link or a device, not a file";
        Err(StoreError::unavailable(message))
    }
}

/// A connection that waits for nobody, until it is [told to](wait).
pub(super) fn connect(path: &Path) -> rusqlite::Result<Connection> {
    // SQLite refuses links once more, for whoever put one there since; and its own mutex is not
    // needed, as no two threads have a connection at once.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_NOFOLLOW
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    wait_no_longer(&mut connection)?;
    Ok(connection)
}

/// From now on the connection waits for other processes, but not for long.
///
/// It asks for the lock again each millisecond. SQLite's own way of waiting asks ever more rarely,
/// and does not get it for seconds when another process writes one transaction after the other.
pub(super) fn wait(connection: &mut Connection) -> rusqlite::Result<()> {
    let mut began = Instant::now();
    connection.busy_handler(Some(move |tries| {
        if tries == 0 {
            began = Instant::now();
        }
        std::thread::sleep(Duration::from_millis(1));
        began.elapsed() < BUSY_TIMEOUT
    }))
}

/// From now on the connection is busy at once, as a new one is.
pub(super) fn wait_no_longer(connection: &mut Connection) -> rusqlite::Result<()> {
    connection.busy_handler(None::<fn(i32) -> bool>)
}

/// How long a call waits for other processes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(2);
