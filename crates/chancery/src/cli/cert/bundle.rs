//! Certificates in files and folders, read one after the other, so that a bundle of any size needs little memory.
//! Takes certificates out and nothing else: a private key in the same file stays where it is. Must not know the server.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// The names of files in a folder that are looked into.
const EXTENSIONS: [&str; 4] = ["pem", "crt", "cer", "der"];
/// The longest certificate that is believed: far longer than any real one, far shorter than memory.
const LONGEST: usize = 256 * 1024;
const LONGEST_LINE: u64 = 64 * 1024;

/// A file to look into.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Source {
    /// Where it is.
    pub(super) path: PathBuf,
    /// Its octets.
    pub(super) size: u64,
    /// Was it named, and not just found in a folder? Then it should hold a certificate.
    pub(super) named: bool,
}

/// A certificate found in a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Found {
    /// In PEM, with nothing around it.
    pub(super) pem: String,
    /// Which of the file's certificates it is, from 1.
    pub(super) ordinal: u64,
}

/// The files behind `paths`, folders searched to their depths in the order of their names, and what could not be
/// looked into.
pub(super) fn sources(paths: &[PathBuf]) -> (Vec<Source>, Vec<(PathBuf, io::Error)>) {
    let (mut found, mut failed) = (Vec::new(), Vec::new());
    for path in paths {
        if let Err(error) = named_source(path, &mut found, &mut failed) {
            failed.push((path.clone(), error));
        }
    }
    (found, failed)
}

fn named_source(
    path: &Path,
    found: &mut Vec<Source>,
    failed: &mut Vec<(PathBuf, io::Error)>,
) -> io::Result<()> {
    let metadata = fs::metadata(path)?;
    if metadata.is_dir() {
        search(path, found, failed);
    } else {
        found.push(Source {
            path: path.to_owned(),
            size: metadata.len(),
            named: true,
        });
    }
    Ok(())
}

fn search(folder: &Path, found: &mut Vec<Source>, failed: &mut Vec<(PathBuf, io::Error)>) {
    let entries = fs::read_dir(folder).and_then(Iterator::collect::<io::Result<Vec<_>>>);
    let mut paths: Vec<PathBuf> = match entries {
        Ok(entries) => entries.iter().map(fs::DirEntry::path).collect(),
        Err(error) => return failed.push((folder.to_owned(), error)),
    };
    paths.sort();
    for path in paths {
        // Links to files are followed, links to folders are not: they may lead in a circle.
        let is_folder = fs::symlink_metadata(&path).is_ok_and(|entry| entry.is_dir());
        if is_folder {
            search(&path, found, failed);
        } else if has_extension(&path) {
            match fs::metadata(&path) {
                Ok(metadata) if metadata.is_file() => {
                    found.push(Source {
                        path,
                        size: metadata.len(),
                        named: false,
                    });
                }
                Ok(_) => {}
                Err(error) => failed.push((path, error)),
            }
        }
    }
}

fn has_extension(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|own| EXTENSIONS.iter().any(|one| own.eq_ignore_ascii_case(one)))
}

/// The certificates of one file, in their order. A broken one is an error in its place and those after it follow; an
/// error in reading is the last.
pub(super) struct Certificates<R> {
    from: R,
    /// Octets read so far.
    position: u64,
    ordinal: u64,
    begun: bool,
    ended: bool,
}

impl Certificates<BufReader<File>> {
    /// Of a file.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        Ok(Certificates::new(BufReader::new(File::open(path)?)))
    }
}

impl<R: BufRead> Certificates<R> {
    fn new(from: R) -> Certificates<R> {
        Certificates {
            from,
            position: 0,
            ordinal: 0,
            begun: false,
            ended: false,
        }
    }

    /// Octets read so far.
    pub(super) fn position(&self) -> u64 {
        self.position
    }

    /// Does the file start like DER, a SEQUENCE of more than 127 octets? Text does not: it has no such second octet.
    fn is_der(&mut self) -> io::Result<bool> {
        let start = self.from.fill_buf()?;
        Ok(matches!(start, [0x30, length, ..] if length & 0x80 != 0))
    }

    fn der(&mut self) -> Result<String, String> {
        self.ended = true;
        let mut der = Vec::new();
        let most = LONGEST as u64 + 1;
        let read = self.from.by_ref().take(most).read_to_end(&mut der);
        read.map_err(|error| error.to_string())?;
        self.position += der.len() as u64;
        if der.len() > LONGEST {
            return Err("too long for a certificate".into());
        }
        Ok(pem(&STANDARD.encode(der)))
    }

    /// The next certificate among the PEM blocks (RFC 7468).
    fn next_block(&mut self) -> Option<Result<String, String>> {
        let mut block: Option<Block> = None;
        loop {
            let line = match self.line() {
                Ok(Some(line)) => line,
                Ok(None) => {
                    return block
                        .filter(Block::is_certificate)
                        .map(|_| Err("is cut off".into()));
                }
                Err(error) => return Some(Err(error.to_string())),
            };
            if let Some(label) = label(&line, "-----BEGIN ") {
                let unfinished = block.replace(Block::new(label));
                if unfinished.is_some_and(|unfinished| unfinished.is_certificate()) {
                    return Some(Err("has no end".into()));
                }
            } else if label(&line, "-----END ").is_some() {
                if let Some(done) = block.take().filter(Block::is_certificate) {
                    return Some(done.finish());
                }
            } else if let Some(block) = &mut block {
                block.push(&line);
            }
        }
    }

    /// The next line, as far as it is sensible to read; none at the end.
    fn line(&mut self) -> io::Result<Option<String>> {
        let mut line = Vec::new();
        let read = self
            .from
            .by_ref()
            .take(LONGEST_LINE)
            .read_until(b'\n', &mut line);
        let read = read.inspect_err(|_| self.ended = true)?;
        self.position += read as u64;
        self.ended = read == 0;
        Ok((read > 0).then(|| String::from_utf8_lossy(&line).trim().to_owned()))
    }
}

impl<R: BufRead> Iterator for Certificates<R> {
    type Item = Result<Found, (u64, String)>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let first = !std::mem::replace(&mut self.begun, true);
        let next = match self.is_der() {
            Ok(der) if first && der => self.der(),
            Ok(_) => self.next_block()?,
            Err(error) => {
                self.ended = true;
                Err(error.to_string())
            }
        };
        self.ordinal += 1;
        let ordinal = self.ordinal;
        Some(
            next.map(|pem| Found { pem, ordinal })
                .map_err(|what| (ordinal, what)),
        )
    }
}

/// A PEM block as it is read.
struct Block {
    certificate: bool,
    base64: String,
    /// The first thing that is wrong with it.
    fault: Option<&'static str>,
}

impl Block {
    fn new(label: &str) -> Block {
        // The second is what OpenSSL once wrote.
        let certificate = label == "CERTIFICATE" || label == "X509 CERTIFICATE";
        Block {
            certificate,
            base64: String::new(),
            fault: None,
        }
    }

    fn is_certificate(&self) -> bool {
        self.certificate
    }

    fn push(&mut self, line: &str) {
        let base64 = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte);
        if !self.certificate || self.fault.is_some() {
            return;
        }
        if self.base64.len() + line.len() > LONGEST {
            self.fault = Some("is too long for a certificate");
        } else if line.bytes().all(base64) {
            self.base64.push_str(line);
        } else {
            self.fault = Some("is not base64");
        }
    }

    fn finish(self) -> Result<String, String> {
        match self.fault {
            Some(fault) => Err(fault.into()),
            None if self.base64.is_empty() => Err("is empty".into()),
            None => Ok(pem(&self.base64)),
        }
    }
}

fn label<'a>(line: &'a str, before: &str) -> Option<&'a str> {
    line.strip_prefix(before)?.strip_suffix("-----")
}

/// PEM with lines of 64 characters.
fn pem(base64: &str) -> String {
    let mut text = String::with_capacity(base64.len() + base64.len() / 64 + 60);
    text.push_str("-----BEGIN CERTIFICATE-----\n");
    for (index, letter) in base64.chars().enumerate() {
        if index > 0 && index % 64 == 0 {
            text.push('\n');
        }
        text.push(letter);
    }
    text.push_str("\n-----END CERTIFICATE-----\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(content: &[u8]) -> Vec<Result<String, String>> {
        let strip = |found: Found| {
            let inner: Vec<&str> = found
                .pem
                .lines()
                .filter(|line| !line.starts_with('-'))
                .collect();
            format!("{} {}", found.ordinal, inner.join("|"))
        };
        Certificates::new(content)
            .map(|one| {
                one.map(strip)
                    .map_err(|(ordinal, what)| format!("{ordinal} {what}"))
            })
            .collect()
    }

    fn check(content: &str, want: &[Result<&str, &str>]) {
        let want: Vec<Result<String, String>> = want
            .iter()
            .map(|one| one.map(str::to_owned).map_err(str::to_owned))
            .collect();
        assert_eq!(found(content.as_bytes()), want, "{content}");
    }

    #[test]
    fn bundles_give_their_certificates_and_nothing_else() {
        check(
            "bag attributes\n-----BEGIN CERTIFICATE-----\r\nMIIB\r\nAAAA\r\n-----END CERTIFICATE-----\r\n\
             -----BEGIN PRIVATE KEY-----\nU0VDUkVU\n-----END PRIVATE KEY-----\n\
             -----BEGIN X509 CERTIFICATE-----\nMIIC\n-----END X509 CERTIFICATE-----",
            &[Ok("1 MIIBAAAA"), Ok("2 MIIC")],
        );
        check(
            "-----BEGIN PRIVATE KEY-----\nU0VDUkVU\n-----END PRIVATE KEY-----\n",
            &[],
        );
        check("", &[]);
        check("0123 no certificate here\n", &[]);
    }

    #[test]
    fn broken_certificates_are_told_and_the_others_follow() {
        let good = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
        for (broken, what) in [
            (
                "-----BEGIN CERTIFICATE-----\nM!\n-----END CERTIFICATE-----\n",
                "1 is not base64",
            ),
            (
                "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
                "1 is empty",
            ),
        ] {
            check(&format!("{broken}{good}"), &[Err(what), Ok("2 MIIB")]);
        }
        check(
            &format!("{good}-----BEGIN CERTIFICATE-----\nMII"),
            &[Ok("1 MIIB"), Err("2 is cut off")],
        );
    }

    #[test]
    fn der_is_told_by_its_start() {
        let der = [&[0x30, 0x82, 0x01, 0x00], &[0; 60][..]].concat();
        let base64 = STANDARD.encode(&der);
        let want = format!("1 {}|{}", &base64[..64], &base64[64..]);
        assert_eq!(found(&der), [Ok(want)]);
        let great = [&[0x30, 0x84], &vec![0; LONGEST][..]].concat();
        assert_eq!(
            found(&great),
            [Err("1 too long for a certificate".to_owned())]
        );
    }

    #[test]
    fn a_block_without_end_is_bounded() {
        let line = "A".repeat(1000) + "\n";
        let content = "-----BEGIN CERTIFICATE-----\n".to_owned()
            + &line.repeat(300)
            + "-----END CERTIFICATE-----\n";
        assert_eq!(
            found(content.as_bytes()),
            [Err("1 is too long for a certificate".to_owned())]
        );
    }

    #[test]
    fn folders_are_searched_in_order_and_named_files_are_taken_as_they_are() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join("b")).expect("a folder");
        for name in ["c.PEM", "a.crt", "b/x.der", "b/notes.txt", "named.txt"] {
            fs::write(folder.path().join(name), "text").expect("a file");
        }
        std::os::unix::fs::symlink(folder.path(), folder.path().join("b/loop")).expect("a link");
        std::os::unix::fs::symlink("../a.crt", folder.path().join("b/link.cer")).expect("a link");
        let missing = folder.path().join("missing.pem");
        let named = folder.path().join("named.txt");
        let (found, failed) = sources(&[named, folder.path().to_owned(), missing.clone()]);
        let names: Vec<String> = found
            .iter()
            .map(|source| {
                let path = source.path.strip_prefix(folder.path()).expect("inside");
                format!("{} {} {}", path.display(), source.size, source.named)
            })
            .collect();
        let want = [
            "named.txt 4 true",
            "a.crt 4 false",
            "b/link.cer 4 false",
            "b/x.der 4 false",
            "c.PEM 4 false",
        ];
        assert_eq!(names, want);
        assert_eq!(
            failed.iter().map(|(path, _)| path).collect::<Vec<_>>(),
            [&missing]
        );
    }
}
