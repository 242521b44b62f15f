//! The server's own TLS certificate: issued here, renewed here before it ends.

use chancery_core::authority::Standing;
use chancery_core::certificate::{Certificate, Status};
use chancery_core::identity::{CertificateId, DomainId, UserId};
use chancery_core::key::KeyAlgorithm;
use chancery_core::name::{Name, attribute};
use chancery_core::san::GeneralName;
use chancery_core::time::Time;
use chancery_core::x509;

use crate::bootstrap::{DEFAULT_DOMAIN, SERVER_USER};
use crate::issue::{IssueRequest, KeySource, Placement};
use crate::keys::PrivateKey;
use crate::store::Step;
use crate::store::certificates::CertificateKey;
use crate::{App, Error};

/// The TLS certificate with its chain and private key.
#[derive(Debug)]
pub struct ServerCertificate {
    /// The certificate and those of the authorities above it but the root, DER.
    pub chain: Vec<Vec<u8>>,
    /// Its private key.
    pub private_key: PrivateKey,
    /// When it should be renewed: two thirds of its life.
    pub renew_at: Time,
}

/// Under which name the current certificate's id is kept.
const CURRENT: &str = "server-certificate";
/// The profile by which it is issued.
const PROFILE: &str = "tls-server";

impl App {
    /// The certificate for these names (DNS or IP): the current one while it holds, else a new one.
    pub async fn server_certificate(&self, names: &[String]) -> Result<ServerCertificate, Error> {
        let wanted = host_names(names)?;
        let current = self.current_server_certificate().await?;
        if let Some(certificate) = &current
            && self.is_good_for(certificate, &wanted)
            && (self.signer_holds(certificate).await? || self.issues_nothing().await?)
        {
            return self.with_private_key(certificate).await;
        }
        let certificate = self.issue_server_certificate(wanted, current).await?;
        self.with_private_key(&certificate).await
    }

    async fn current_server_certificate(&self) -> Result<Option<Certificate>, Error> {
        let Some(id) = self.store().secret(CURRENT.into()).await? else {
            return Ok(None);
        };
        let id = CertificateId::from_octets(&id).map_err(Error::internal)?;
        Ok(self.store().certificate(CertificateKey::Id(id)).await?)
    }

    /// Was it signed by an authority that is not revoked?
    async fn signer_holds(&self, certificate: &Certificate) -> Result<bool, Error> {
        let Some(name) = &certificate.authority else {
            return Ok(false);
        };
        let signer = self.promising_authority(name).await?;
        Ok(!matches!(signer.authority.standing, Standing::Revoked(_)))
    }

    /// Does the configured authority issue no more?
    async fn issues_nothing(&self) -> Result<bool, Error> {
        let name = &self.0.config.issue.authority;
        let issuing = self.issuing_authority(name).await?;
        Ok(issuing.authority.check_signing(self.now()).is_err())
    }

    fn is_good_for(&self, certificate: &Certificate, wanted: &[GeneralName]) -> bool {
        let now = self.now();
        let names = certificate
            .der
            .as_ref()
            .and_then(|der| x509::read_certificate(der).ok())
            .map(|facts| facts.names);
        certificate.status(now) == Status::Active
            && now < renewal_time(certificate)
            && names.as_deref() == Some(wanted)
    }

    async fn issue_server_certificate(
        &self,
        names: Vec<GeneralName>,
        replaces: Option<Certificate>,
    ) -> Result<Certificate, Error> {
        let common_name = match names.first() {
            Some(GeneralName::Dns(name)) => name.clone(),
            _ => "Chancery".to_owned(),
        };
        let subject = Name::build()
            .push(attribute::COMMON_NAME, &common_name)
            .finish()
            .map_err(Error::internal)?;
        let request = || IssueRequest {
            subject: Some(subject.clone()),
            names: Some(names.clone()),
            profile: Some(PROFILE.to_owned()),
            ..IssueRequest::new(KeySource::Make(KeyAlgorithm::P256))
        };
        let signed = match self.sign_new(request(), Vec::new()).await {
            // Else nobody could reach the server to put an authority in the place of one that was retired or revoked.
            Err(Error::Policy(refusal)) => {
                tracing::warn!(%refusal, "the server's TLS certificate signs itself");
                self.sign_by(request(), None, Vec::new()).await?
            }
            signed => signed?,
        };
        let placement = Placement {
            owner: UserId::parse(SERVER_USER).map_err(Error::internal)?,
            domain: DomainId::parse(DEFAULT_DOMAIN).map_err(Error::internal)?,
            name: None,
            replaces,
            on_hold: false,
        };
        let issued = self
            .place(
                None,
                signed,
                placement,
                "certificate.issue",
                &[],
                Vec::new(),
            )
            .await?;
        // A crash in between leaves a certificate that nobody uses: the next start issues another.
        let id = issued.certificate.id.octets().to_vec();
        self.store()
            .commit(vec![Step::KeepSecret(CURRENT.into(), id)])
            .await?;
        Ok(issued.certificate)
    }

    async fn with_private_key(
        &self,
        certificate: &Certificate,
    ) -> Result<ServerCertificate, Error> {
        let private_key = self.open_private_key(certificate).await?;
        let mut chain = vec![certificate.der.clone().ok_or(Error::NoCertificate)?];
        let mut above = self.chain(certificate);
        above.pop();
        chain.append(&mut above);
        Ok(ServerCertificate {
            chain,
            private_key,
            renew_at: renewal_time(certificate),
        })
    }
}

/// DNS names and addresses as general names.
pub(crate) fn host_names(names: &[String]) -> Result<Vec<GeneralName>, Error> {
    let read =
        |name: &String| GeneralName::parse(name).map_err(|error| Error::Invalid(error.to_string()));
    names.iter().map(read).collect()
}

/// When a certificate of the server's own should be renewed: at two thirds of its life.
pub(crate) fn renewal_time(certificate: &Certificate) -> Time {
    let life = certificate
        .not_after
        .unix()
        .saturating_sub(certificate.not_before.unix());
    certificate.not_before.plus_seconds(life / 3 * 2)
}
