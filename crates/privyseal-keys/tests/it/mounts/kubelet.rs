//! Writes a directory of secrets as Kubernetes does: the files into a directory with a new name, a
//! link to that one, and then the link, as a whole, in the place of the link `..data`.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

pub(crate) struct Kubelet {
    directory: PathBuf,
    payloads: u32,
}

impl Kubelet {
    pub(crate) fn new(directory: impl Into<PathBuf>) -> Self {
        Self {
            directory: directory.into(),
            payloads: 0,
        }
    }

    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Replaces all files; names may have a directory in them.
    pub(crate) fn write(&mut self, files: &[(&str, String)]) {
        self.payloads += 1;
        let payload = format!("..2026_11_22_10_00_00.{:09}", self.payloads);
        let new = self.directory.join(&payload);
        for (name, content) in files {
            let file = new.join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, content).unwrap();
        }
        let data = self.directory.join("..data");
        let old = fs::read_link(&data).ok();
        symlink(&payload, self.directory.join("..data_tmp")).unwrap();
        fs::rename(self.directory.join("..data_tmp"), &data).unwrap();
        for (name, _) in files {
            let shown = Path::new(name).components().next().unwrap();
            let link = self.directory.join(shown);
            if !link.is_symlink() {
                symlink(Path::new("..data").join(shown), link).unwrap();
            }
        }
        if let Some(old) = old {
            fs::remove_dir_all(self.directory.join(old)).unwrap();
        }
    }
}
