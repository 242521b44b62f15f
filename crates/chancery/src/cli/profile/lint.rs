//! `profile lint`: samples of what profiles would issue, and what there is to say about their rules.

use chancery_app::{Clock, ProfileConfig, ProfileSample, Sampler};
use chancery_core::profile::{Finding, Profile, Severity};
use chancery_core::x509::{self, Facts, eku, pem};
use clap::Args;
use serde_json::{Value, json};

use super::{ConfigFile, named, unspellable};
use crate::cli::Context;
use crate::cli::failure::{Failure, Kind};
use crate::cli::output;
use crate::cli::table::{Table, fields};
use crate::config::Config;

/// Which profiles, and how they are shown.
#[derive(Args, Debug)]
pub(crate) struct LintArgs {
    /// Their names; every profile if none is given
    #[arg(value_name = "NAME")]
    names: Vec<String>,

    #[command(flatten)]
    file: ConfigFile,

    /// Print the samples in PEM, and nothing else
    #[arg(long, conflicts_with = "json")]
    pem: bool,
}

/// A profile, what it would issue, and what is found about it.
struct Judged<'a> {
    profile: &'a Profile,
    samples: Vec<ProfileSample>,
    findings: Vec<Finding>,
}

/// Shows them; fails if there are errors.
pub(super) fn run(args: &LintArgs, context: &Context) -> Result<(), Failure> {
    let (config, profiles) = args.file.read()?;
    let chosen: Vec<&Profile> = match args.names.as_slice() {
        [] => profiles.iter().collect(),
        names => {
            let each = names.iter().map(|name| named(&profiles, name));
            each.collect::<Result<_, _>>()?
        }
    };
    let judged = judge(&config, chosen)?;
    if context.json() {
        let all = judged.iter().map(Judged::json).collect::<Result<_, _>>()?;
        output::json(&Value::Array(all))?;
    } else if args.pem {
        let all: String = judged.iter().map(Judged::pem).collect();
        output::bytes(all.as_bytes())?;
    } else {
        for one in &judged {
            output::bytes(one.text().as_bytes())?;
        }
    }
    let count = |severity| {
        let all = judged.iter().flat_map(|one| &one.findings);
        all.filter(|finding| finding.severity == severity).count()
    };
    let summary = format!(
        "profiles: {}, errors: {}, warnings: {}",
        judged.len(),
        count(Severity::Error),
        count(Severity::Warning)
    );
    if count(Severity::Error) > 0 {
        return Err(Failure::new(Kind::Refused, summary));
    }
    output::note(&summary);
    Ok(())
}

fn judge<'a>(config: &Config, profiles: Vec<&'a Profile>) -> Result<Vec<Judged<'a>>, Failure> {
    let failed = |error: chancery_app::Error| Failure::new(Kind::Refused, error.to_string());
    let server = &config.http.server;
    let usual = || format!("http://{}", server.http);
    let public_url = server.public_url.clone().unwrap_or_else(usual);
    let mut sampler = Sampler::new(&config.app, &public_url, &Clock::System).map_err(failed)?;
    let each = profiles.into_iter().map(|profile| {
        let samples = sampler.samples(profile).map_err(failed)?;
        let mut findings = profile.findings();
        findings.splice(0..0, samples.iter().filter_map(refusal));
        Ok(Judged {
            profile,
            samples,
            findings,
        })
    });
    each.collect()
}

/// That nothing is issued to a kind of key is a finding too.
fn refusal(sample: &ProfileSample) -> Option<Finding> {
    let refusal = sample.issued.as_ref().err()?;
    Some(Finding {
        severity: Severity::Error,
        text: format!("nothing is issued to {} keys: {refusal}", sample.key.word()),
        source: "found by trying",
    })
}

impl Judged<'_> {
    /// The certificates that are issued, read back.
    fn issued(&self) -> impl Iterator<Item = (&ProfileSample, &[u8], Facts)> {
        self.samples.iter().filter_map(|sample| {
            let der = sample.issued.as_deref().ok()?;
            Some((sample, der, x509::read_certificate(der).ok()?))
        })
    }

    /// For people.
    fn text(&self) -> String {
        let mut text = format!("profile {}\n", self.profile.name);
        if let Some((_, _, facts)) = self.issued().next() {
            push_indented(&mut text, &fields(&self.common(&facts)));
        }
        let mut keys = Table::new(&["KEY", "KEY USAGE", "OCTETS"], 1, None);
        let rows: Vec<Vec<String>> = self
            .issued()
            .map(|(sample, der, facts)| {
                let usage = facts.key_usage.unwrap_or_default().word();
                vec![
                    sample.key.word(),
                    usage.replace(',', ", "),
                    der.len().to_string(),
                ]
            })
            .collect();
        push_indented(&mut text, &keys.page(&rows));
        for finding in &self.findings {
            push_indented(&mut text, &finding.to_string());
        }
        text.push('\n');
        text
    }

    /// What the samples have in common.
    fn common(&self, facts: &Facts) -> Vec<(&'static str, String)> {
        let profile = self.profile;
        let lifetime = profile.lifetime;
        let names: Vec<String> = facts.names.iter().map(ToString::to_string).collect();
        let purposes = facts.extended_key_usage.iter().flatten().map(eku::word);
        let purposes = purposes.collect::<Vec<_>>().join(", ");
        let authority = match facts.path_length {
            _ if !facts.is_authority => String::new(),
            None => "any number of authorities below it".to_owned(),
            Some(length) => format!("path length {length}"),
        };
        let flag = |set: bool, text: &str| if set { text.to_owned() } else { String::new() };
        vec![
            ("issuer", facts.issuer.to_rfc4514()),
            ("subject", facts.subject.to_rfc4514()),
            ("names", names.join(", ")),
            (
                "valid for",
                format!(
                    "{} days, {} at most, from {} seconds before issuing",
                    lifetime.default_days, lifetime.max_days, lifetime.backdate_seconds
                ),
            ),
            (
                "extended key usage",
                format!(
                    "{purposes}{}",
                    flag(profile.extended_key_usage_critical, " (critical)")
                ),
            ),
            ("authority", authority),
            ("OCSP no-check", flag(profile.ocsp_nocheck, "yes")),
            ("self-service", flag(profile.self_service, "yes")),
            ("CRL", facts.crl_addresses.join("\n")),
            ("OCSP", facts.ocsp_addresses.join("\n")),
            ("issuer's certificate", facts.issuer_addresses.join("\n")),
        ]
    }

    /// For programs.
    fn json(&self) -> Result<Value, Failure> {
        let rules = serde_json::to_value(ProfileConfig::of(self.profile));
        let samples = self.samples.iter().map(|sample| match &sample.issued {
            Ok(der) => {
                json!({"key": sample.key.word(), "certificate": pem::encode("CERTIFICATE", der)})
            }
            Err(refusal) => json!({"key": sample.key.word(), "refused": refusal.to_string()}),
        });
        let findings = self.findings.iter().map(|finding| {
            json!({
                "severity": finding.severity.word(),
                "text": finding.text,
                "source": finding.source,
            })
        });
        Ok(json!({
            "profile": rules.map_err(|error| unspellable(&error))?,
            "samples": samples.collect::<Vec<_>>(),
            "findings": findings.collect::<Vec<_>>(),
        }))
    }

    /// The samples in PEM, each under a line that says what it is (RFC 7468, section 2, lets such text stand there).
    fn pem(&self) -> String {
        let each = self.issued().map(|(sample, der, _)| {
            let (name, key) = (&self.profile.name, sample.key.word());
            format!("profile {name}, {key}\n{}", pem::encode("CERTIFICATE", der))
        });
        each.collect()
    }
}

fn push_indented(text: &mut String, lines: &str) {
    for line in lines.lines() {
        text.push_str("  ");
        text.push_str(line);
        text.push('\n');
    }
}
