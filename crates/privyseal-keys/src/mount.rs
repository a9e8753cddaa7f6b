//! What is mounted where, as the kernel of Linux tells it.

#[cfg(unix)]
use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};

/// The mounts that this process sees, in the order in which they were made.
#[derive(Debug, Default)]
pub(crate) struct Mounts(Vec<Mount>);

#[derive(Debug, PartialEq, Eq)]
struct Mount {
    point: PathBuf,
    read_only: bool,
    in_memory: bool,
}

impl Mounts {
    /// Those of now; none where there is no such list.
    pub(crate) fn of_this_process() -> Self {
        fs::read("/proc/self/mountinfo").map_or_else(|_| Self::default(), |text| Self::parse(&text))
    }

    fn parse(text: &[u8]) -> Self {
        let lines = text.split(|byte| *byte == b'\n');
        Self(lines.filter_map(Mount::parse).collect())
    }

    /// Whether something is mounted at this very path, which has no links in it.
    pub(crate) fn is_point(&self, path: &Path) -> bool {
        self.0.iter().any(|mount| mount.point == path)
    }

    /// Whether a file that others may read lies where secrets are mounted: in memory, read-only,
    /// owned by root, and for nobody but root to change.
    ///
    /// Who may see such a mount is decided by who is in the container or the service. In it, the
    /// mode has to let the application in, which is not root: 0644 is the default of Kubernetes,
    /// 0444 that of Docker, and what systemd grants to the user of a service by an access list
    /// looks like 0440.
    pub(crate) fn keep_secret(&self, path: &Path, metadata: &Metadata) -> bool {
        is_of_root_alone(metadata)
            && fs::canonicalize(path).is_ok_and(|path| {
                let mount = self.holding(&path);
                mount.is_some_and(|mount| mount.read_only && mount.in_memory)
            })
    }

    fn holding(&self, path: &Path) -> Option<&Mount> {
        let holding = self.0.iter().filter(|mount| path.starts_with(&mount.point));
        // The root may have been mounted after what is in it, so the order says nothing there. Of
        // several at one point the last is seen, and it is the last of the greatest that is taken.
        holding.max_by_key(|mount| mount.point.components().count())
    }
}

impl Mount {
    /// Reads a line: id, parent, device, root, mount point, options, optional fields, `-`, type,
    /// source, options of the file system.
    fn parse(line: &[u8]) -> Option<Self> {
        let mut fields = line.split(|byte| *byte == b' ');
        let point = path(fields.nth(4)?);
        let mut options = fields.next()?.split(|byte| *byte == b',');
        let kind = fields.skip_while(|field| *field != b"-").nth(1)?;
        Some(Self {
            point,
            read_only: options.any(|option| option == b"ro"),
            in_memory: [&b"tmpfs"[..], b"ramfs"].contains(&kind),
        })
    }
}

/// A path in which white space and backslashes are written in octal.
fn path(escaped: &[u8]) -> PathBuf {
    let mut bytes = Vec::with_capacity(escaped.len());
    let mut rest = escaped;
    while let Some((&first, after)) = rest.split_first() {
        let octal = after.get(..3).filter(|_| first == b'\\');
        let byte =
            octal.and_then(|digits| u8::from_str_radix(str::from_utf8(digits).ok()?, 8).ok());
        bytes.push(byte.unwrap_or(first));
        rest = match byte {
            Some(_) => after.get(3..).unwrap_or_default(),
            None => after,
        };
    }
    path_of(bytes)
}

#[cfg(unix)]
fn path_of(bytes: Vec<u8>) -> PathBuf {
    use std::os::unix::ffi::OsStringExt as _;

    OsString::from_vec(bytes).into()
}

/// Elsewhere nothing is parsed.
#[cfg(not(unix))]
fn path_of(bytes: Vec<u8>) -> PathBuf {
    String::from_utf8_lossy(&bytes).into_owned().into()
}

#[cfg(unix)]
fn is_of_root_alone(metadata: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;

    metadata.uid() == 0 && metadata.mode() & 0o022 == 0
}

#[cfg(not(unix))]
fn is_of_root_alone(_: &Metadata) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A container's: its own root, a directory of secrets, one secret alone, and a trap.
    const MOUNTS: &str = r"1007 861 0:97 / / rw,relatime master:316 - overlay overlay rw,lowerdir=/a
1008 1007 0:101 / /proc rw,nosuid,nodev,noexec,relatime - proc proc rw
1031 1007 0:96 / /etc/keys ro,relatime - tmpfs tmpfs rw,size=65536k
1032 1007 0:98 / /run/secrets/secret_key ro,relatime - tmpfs tmpfs rw,size=65536k
1033 1007 0:99 / /run/credentials/web.service ro,nosuid shared:7 master:3 - ramfs none rw,mode=700
1034 1007 0:100 / /dev/shm rw,nosuid - tmpfs shm rw
1035 1007 8:1 / /srv/read\040only ro - ext4 /dev/vda1 ro
1036 1007 8:1 / /srv/ro rw - ext4 /dev/vda1 ro
1038 1007 0:103 / /etc/keys ro,relatime - ext4 tmpfs rw
";

    fn holding(path: &str) -> (String, bool, bool) {
        let mounts = Mounts::parse(MOUNTS.as_bytes());
        let mount = mounts.holding(Path::new(path)).unwrap();
        let point = mount.point.to_str().unwrap().to_owned();
        (point, mount.read_only, mount.in_memory)
    }

    #[test]
    fn the_innermost_and_last_mount_holds_a_file() {
        for (path, point, read_only, in_memory) in [
            ("/etc/passwd", "/", false, false),
            ("/etc/keys2/secret_key", "/", false, false),
            // Another one was mounted over the first.
            ("/etc/keys/secret_key", "/etc/keys", true, false),
            (
                "/run/secrets/secret_key",
                "/run/secrets/secret_key",
                true,
                true,
            ),
            ("/run/secrets/other", "/", false, false),
            (
                "/run/credentials/web.service/secret_key",
                "/run/credentials/web.service",
                true,
                true,
            ),
            ("/dev/shm/secret_key", "/dev/shm", false, true),
            ("/srv/read only/secret_key", "/srv/read only", true, false),
            // Of the file system, not of the mount.
            ("/srv/ro/secret_key", "/srv/ro", false, false),
        ] {
            assert_eq!(
                holding(path),
                (point.to_owned(), read_only, in_memory),
                "{path}"
            );
        }
    }

    #[test]
    fn a_file_can_be_a_mount_point() {
        let mounts = Mounts::parse(MOUNTS.as_bytes());
        assert!(mounts.is_point(Path::new("/run/secrets/secret_key")));
        assert!(!mounts.is_point(Path::new("/run/secrets/other")));
        assert!(!mounts.is_point(Path::new("/etc/keys/secret_key")));
    }

    #[test]
    fn a_list_that_is_no_list_has_no_mounts() {
        for text in ["", "\n\n", "1 2 3", "1 2 0:1 / /a rw - ", "1 2 0:1 / /a rw"] {
            let mounts = Mounts::parse(text.as_bytes());
            assert!(!mounts.0.iter().any(|mount| mount.read_only), "{text}");
            assert!(!mounts.0.iter().any(|mount| mount.in_memory), "{text}");
        }
    }

    #[test]
    fn white_space_and_backslashes_are_written_in_octal() {
        for (escaped, unescaped) in [
            (r"/a\040b\011c\012d\134e", "/a b\tc\nd\\e"),
            (r"/a\", r"/a\"),
            (r"/a\04", r"/a\04"),
            (r"/a\999", r"/a\999"),
            (r"/a\777", r"/a\777"),
            ("/a", "/a"),
        ] {
            assert_eq!(path(escaped.as_bytes()), Path::new(unescaped), "{escaped}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_mounts_of_this_process_are_read() {
        let mounts = Mounts::of_this_process();
        assert!(mounts.is_point(Path::new("/proc")));
        assert!(!mounts.is_point(Path::new("/proc/self")));
        // The directory of this test is written to, and its files are of whoever runs it.
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("key");
        fs::write(&path, "key").unwrap();
        assert!(!mounts.keep_secret(&path, &fs::metadata(&path).unwrap()));
    }
}
