//! Finding a certificate by its serial number, for callers who do not know who issued it.

use chancery_core::certificate::Certificate;
use chancery_core::name::{Name, attribute};
use chancery_core::role::Right;
use chancery_core::serial::Serial;

use crate::search::{CertificateFilter, LARGEST_PAGE, Order, StatusFilter, SubjectCondition};
use crate::store::certificates::{CertificateKey, IssuerKey};
use crate::{App, Caller, Error};

/// Most certificates of one common name among which a serial number is looked for.
const MOST: usize = 10_000;

impl App {
    /// The certificate with that serial number, and that common name if given: among those of our own authorities, else
    /// among those that have the common name. Needs the right to read it; deleted and purged ones are found too.
    ///
    /// # Errors
    /// [`Error::NotFound`], too for a foreign certificate of which the common name is not given.
    pub async fn certificate_by_serial(
        &self,
        caller: &Caller,
        serial: &Serial,
        common_name: Option<&str>,
    ) -> Result<Certificate, Error> {
        let mut found = self.ours_by_serial(serial, common_name).await?;
        if let (None, Some(name)) = (&found, common_name) {
            found = self.any_by_serial(serial, name).await?;
        }
        let certificate = found.ok_or(Error::NotFound("certificate"))?;
        self.require_for(
            caller,
            Right::ReadCertificates,
            "certificate.read",
            &certificate,
        )
        .await?;
        Ok(certificate)
    }

    async fn ours_by_serial(
        &self,
        serial: &Serial,
        common_name: Option<&str>,
    ) -> Result<Option<Certificate>, Error> {
        for loaded in self.loaded() {
            let issuer = IssuerKey::of(loaded.authority.subject());
            let key = CertificateKey::Issued(issuer, serial.clone());
            let found = self.store().certificate(key).await?;
            if let Some(found) = found.filter(|found| is_called(found, common_name)) {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    async fn any_by_serial(
        &self,
        serial: &Serial,
        common_name: &str,
    ) -> Result<Option<Certificate>, Error> {
        let Ok(name) = Name::build()
            .push(attribute::COMMON_NAME, common_name)
            .finish()
        else {
            return Ok(None);
        };
        let mut filter = CertificateFilter {
            subject: Some(SubjectCondition::Contains(name.to_openssl_oneline())),
            status: Some(StatusFilter::Any),
            ..CertificateFilter::all(self.now())
        };
        for _ in 0..MOST / LARGEST_PAGE {
            let page = self
                .store()
                .certificates(filter.clone(), LARGEST_PAGE)
                .await?;
            let Some(last) = page.last().map(|last| last.number) else {
                break;
            };
            let fits = |one: &Certificate| {
                one.serial.magnitude() == serial.magnitude() && is_called(one, Some(common_name))
            };
            if let Some(found) = page.into_iter().find(fits) {
                return Ok(Some(found));
            }
            filter.order = Order::NumberDescending(Some(last));
        }
        Ok(None)
    }
}

fn is_called(certificate: &Certificate, common_name: Option<&str>) -> bool {
    common_name.is_none_or(|name| certificate.subject.common_name() == Some(name))
}
