//! Real mounts, in a namespace of their own.

use std::path::PathBuf;
use std::process::Command;
use std::{env, fs};

use privyseal_keys::{KeyMount, MountedKeys, Warning};

use super::key;

/// Mounts as Kubernetes and Docker do it, and one that anybody could have made, and looks at them.
#[tokio::test]
async fn what_is_said_of_a_file_depends_on_its_mount() {
    let Some(place) = env::var_os(PLACE).map(PathBuf::from) else {
        return in_a_namespace();
    };
    let said = |name: &str| {
        let mount = KeyMount::new(place.join(name).join("secret_key"));
        let once = mount.load().unwrap().warnings;
        let status = MountedKeys::open(mount).status();
        assert!(status.error().is_none(), "{name}: {status}");
        (once, status.warnings().to_vec())
    };
    let path = |name: &str| place.join(name).join("secret_key");
    // In memory, read-only and of root: the mode says nothing about who can read it.
    assert_eq!(said("kubernetes"), (vec![], vec![]));
    // The same, but nobody will ever see another key there.
    let never = Warning::NeverChanges {
        path: path("docker"),
    };
    assert_eq!(said("docker"), (vec![], vec![never]));
    for name in ["writable", "disk"] {
        let open = vec![Warning::OpenToOthers {
            path: path(name),
            mode: 0o644,
        }];
        assert_eq!(said(name), (open.clone(), open), "{name}");
    }
}

/// Runs this test again where mounting is allowed and nobody else sees it.
fn in_a_namespace() {
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("key"), key(1)).unwrap();
    let ran = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-euc", MOUNT])
        .arg("sh")
        .arg(place.path())
        .arg(env::current_exe().unwrap())
        .env(PLACE, place.path())
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&ran.stdout);
    assert!(
        ran.status.success() && printed.contains("1 passed"),
        "{printed}{}\nhint: this test needs a namespace of users, which `unshare --user` shows",
        String::from_utf8_lossy(&ran.stderr)
    );
}

const PLACE: &str = "PRIVYSEAL_TEST_MOUNTS";

const MOUNT: &str = r#"
cd "$1"
mkdir kubernetes docker tmpfs writable disk
for name in kubernetes tmpfs writable; do mount -t tmpfs none $name; done
for name in kubernetes tmpfs writable disk; do install -m 644 key $name/secret_key; done
mount -o remount,ro none kubernetes
chmod 444 tmpfs/secret_key
touch docker/secret_key
mount --bind tmpfs/secret_key docker/secret_key
mount -o remount,bind,ro docker/secret_key
mount --bind disk disk
mount -o remount,bind,ro disk
exec "$2" --exact mounts::namespace::what_is_said_of_a_file_depends_on_its_mount
"#;
