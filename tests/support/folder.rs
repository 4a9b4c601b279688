//! Folders for what a test writes.
#![allow(dead_code)] // every test binary uses its own part of this

use std::io::ErrorKind;
use std::ops::Deref;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::{fs, path::PathBuf};

/// A folder that this test made and nobody else had: gone with all that is in it when this goes, unless the test failed.
/// Nothing else is ever removed.
#[derive(Debug)]
pub struct Folder(PathBuf);

/// A new empty folder that everybody can use.
pub fn scratch(name: &str) -> Folder {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    loop {
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("netlab-{name}-{}-{number}", std::process::id()));
        match fs::create_dir(&path) {
            Ok(()) => {
                let folder = Folder(path);
                fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).expect("permissions");
                return folder;
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => panic!("{}: {error}", path.display()),
        }
    }
}

impl Deref for Folder {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.0
    }
}

impl AsRef<Path> for Folder {
    fn as_ref(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("kept: {}", self.0.display());
        } else {
            // It may have become another user's, or be gone already.
            let _ = fs::remove_dir_all(&self.0);
        }
    }
}
