//! A store of one's own: each session is a file, and one lock is held by whoever reads or writes.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use privyseal::Timestamp;
use privyseal::sealed::SessionId;
use privyseal_session::store::{Found, NewRow, Row, Store, StoreError, Subject, Updated};

/// Sessions in a directory of their own. A row of version 0 is a tombstone; it has neither subject
/// nor data, and expires at its `ends_at`.
pub(crate) struct FileStore {
    directory: PathBuf,
    /// The mutex keeps out other threads, the locked file other processes.
    lock: Arc<Mutex<File>>,
}

impl FileStore {
    pub(crate) fn open(directory: PathBuf) -> io::Result<Self> {
        fs::create_dir_all(&directory)?;
        let lock = Arc::new(Mutex::new(File::create(directory.join("lock"))?));
        Ok(Self { directory, lock })
    }

    /// Runs this on a thread that may wait for the lock and the disk.
    async fn locked<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Path) -> io::Result<T> + Send + 'static,
    ) -> Result<T> {
        let (directory, lock) = (self.directory.clone(), Arc::clone(&self.lock));
        let task = tokio::task::spawn_blocking(move || {
            let file = lock.lock().unwrap_or_else(PoisonError::into_inner);
            file.lock()?;
            let result = work(&directory);
            file.unlock()?;
            result
        });
        let answer = task.await.map_err(StoreError::unavailable)?;
        answer.map_err(|error| match error.kind() {
            io::ErrorKind::StorageFull => StoreError::Full,
            io::ErrorKind::InvalidData => StoreError::unreadable(error),
            _ => StoreError::unavailable(error),
        })
    }
}

type Result<T> = std::result::Result<T, StoreError>;

impl Store for FileStore {
    async fn create(&self, id: SessionId, row: &NewRow<'_>) -> Result<bool> {
        let new = row.to_row(1);
        let create = move |directory: &Path| match read(directory, id)? {
            Some(_) => Ok(false),
            None => write(directory, id, &new).map(|()| true),
        };
        self.locked(create).await
    }

    async fn load(&self, id: SessionId) -> Result<Found> {
        Ok(
            match self.locked(move |directory| read(directory, id)).await? {
                Some(row) if row.version > 0 => Found::Live(row),
                Some(_) => Found::Ended,
                None => Found::Unknown,
            },
        )
    }

    async fn update(&self, id: SessionId, expected: u64, row: &NewRow<'_>) -> Result<Updated> {
        let new = row.to_row(expected.saturating_add(1));
        let update = move |directory: &Path| match read(directory, id)? {
            Some(row) if row.version == 0 => Ok(Updated::Gone),
            Some(row) if row.version != expected => Ok(Updated::Conflict(row)),
            Some(_) => write(directory, id, &new).map(|()| Updated::Done),
            None => Ok(Updated::Gone),
        };
        self.locked(update).await
    }

    async fn touch(
        &self,
        id: SessionId,
        expected: u64,
        seen: Timestamp,
        until: Timestamp,
    ) -> Result<()> {
        let touch = move |directory: &Path| match read(directory, id)? {
            Some(mut row) if row.version > 0 && row.version == expected => {
                (row.last_seen, row.expires_at) = (seen, until);
                write(directory, id, &row)
            }
            _ => Ok(()),
        };
        self.locked(touch).await
    }

    async fn end(&self, id: SessionId) -> Result<bool> {
        let end = move |directory: &Path| match read(directory, id)? {
            Some(row) if row.version > 0 => end(directory, id, row).map(|()| true),
            _ => Ok(false),
        };
        self.locked(end).await
    }

    async fn list(&self, subject: &Subject, limit: usize) -> Result<Vec<(SessionId, Row)>> {
        let mut rows = self.locked(scan).await?;
        rows.retain(|(_, row)| row.subject.as_ref() == Some(subject));
        rows.truncate(limit);
        Ok(rows)
    }

    async fn end_all(&self, subject: &Subject, except: Option<SessionId>) -> Result<u64> {
        let subject = Some(subject.clone());
        let end_all = move |directory: &Path| {
            let mut rows = scan(directory)?;
            rows.retain(|(id, row)| row.subject == subject && Some(*id) != except);
            let end = |(id, row)| end(directory, id, row).map(|()| 1);
            rows.into_iter().map(end).sum()
        };
        self.locked(end_all).await
    }

    async fn delete_expired(&self, now: Timestamp, limit: usize) -> Result<u64> {
        let delete = move |directory: &Path| {
            let mut rows = scan(directory)?;
            rows.retain(|(_, row)| row.expires_at < now);
            rows.truncate(limit);
            let mut files = rows.iter().map(|(id, _)| directory.join(id.to_string()));
            files.try_for_each(fs::remove_file)?;
            Ok(rows.len() as u64)
        };
        self.locked(delete).await
    }
}

fn end(directory: &Path, id: SessionId, mut row: Row) -> io::Result<()> {
    (row.version, row.expires_at, row.subject, row.data) = (0, row.ends_at, None, Vec::new());
    write(directory, id, &row)
}

/// Four lines of numbers, a line with the subject, which holds no line break, and the data. Whole
/// on the disk before it takes the place of the old file; there under its name when it returns.
fn write(directory: &Path, id: SessionId, row: &Row) -> io::Result<()> {
    let new = directory.join("new");
    let mut file = File::create(&new)?;
    let (version, seen, expires, ends) = (row.version, row.last_seen, row.expires_at, row.ends_at);
    let subject = row.subject.as_ref().map_or("", Subject::as_str);
    write!(file, "{version}\n{seen}\n{expires}\n{ends}\n{subject}\n")?;
    file.write_all(&row.data)?;
    file.sync_all()?;
    fs::rename(new, directory.join(id.to_string()))?;
    File::open(directory)?.sync_all()
}

fn read(directory: &Path, id: SessionId) -> io::Result<Option<Row>> {
    match fs::read(directory.join(id.to_string())) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        bytes => Ok(Some(parse(&bytes?).ok_or(io::ErrorKind::InvalidData)?)),
    }
}

fn parse(bytes: &[u8]) -> Option<Row> {
    fn line<T: std::str::FromStr>(line: Option<&[u8]>) -> Option<T> {
        std::str::from_utf8(line?).ok()?.parse().ok()
    }
    let mut lines = bytes.splitn(6, |&byte| byte == b'\n');
    Some(Row {
        version: line(lines.next())?,
        last_seen: Timestamp::from_unix_seconds(line(lines.next())?),
        expires_at: Timestamp::from_unix_seconds(line(lines.next())?),
        ends_at: Timestamp::from_unix_seconds(line(lines.next())?),
        subject: Subject::new(line::<String>(lines.next())?).ok(),
        data: lines.next()?.to_vec(),
    })
}

/// All sessions and tombstones; the files beside them have other names than ids.
fn scan(directory: &Path) -> io::Result<Vec<(SessionId, Row)>> {
    let mut rows = Vec::new();
    for entry in fs::read_dir(directory)? {
        if let Some(Ok(id)) = entry?.file_name().to_str().map(str::parse::<SessionId>)
            && let Some(row) = read(directory, id)?
        {
            rows.push((id, row));
        }
    }
    Ok(rows)
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let store = FileStore::open("sessions".into())?;
    let found = store.load(SessionId::from_bytes([7; 16])).await;
    writeln!(io::stdout(), "{found:?}")
}
