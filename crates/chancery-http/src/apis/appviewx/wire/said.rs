//! What is answered, but for the records of a search. Members that some clients read as texts are texts.

use serde::Serialize;

/// A session that begins.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Session {
    pub(crate) status: &'static str,
    pub(crate) app_status_code: Option<()>,
    pub(crate) status_description: Option<()>,
    pub(crate) session_id: String,
    pub(crate) available_login_attempt_count: Option<u32>,
}

/// Something was set going.
#[derive(Serialize, Debug)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Triggered {
    pub(crate) resource_id: String,
    pub(crate) message: String,
    pub(crate) request_id: String,
}

/// A certificate that was made while the client waited.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Made {
    pub(crate) encoded_format: &'static str,
    pub(crate) resource_id: String,
    pub(crate) certificate_content: String,
    pub(crate) request_id: String,
    pub(crate) certificate_name: String,
}

/// A certificate that was revoked while the client waited.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Revoked {
    pub(crate) resource_id: String,
    pub(crate) cert_status: &'static str,
    pub(crate) request_id: String,
}

/// A certificate's content.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Content {
    pub(crate) certificate_contents: String,
    pub(crate) private_key_content: Option<String>,
    pub(crate) common_name: String,
    pub(crate) serial_number: String,
    pub(crate) format: &'static str,
    pub(crate) success: bool,
}

/// A private key.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Key {
    pub(crate) private_key_pem_encoded: String,
    pub(crate) status: &'static str,
}

/// A certificate that is gone.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Removed {
    pub(crate) resource_id: String,
    pub(crate) status: &'static str,
}

/// A decision that was taken.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Decided {
    pub(crate) request_id: String,
    pub(crate) status: &'static str,
    pub(crate) message: &'static str,
}

/// What became of requests.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RequestLogs {
    pub(crate) request_list: Vec<RequestLog>,
}

/// What became of a request. The document mixes its spellings.
#[derive(Serialize)]
pub(crate) struct RequestLog {
    #[serde(rename = "requestId")]
    pub(crate) request_id: String,
    #[serde(rename = "workflowName")]
    pub(crate) workflow_name: &'static str,
    #[serde(rename = "workflowVersion")]
    pub(crate) workflow_version: &'static str,
    pub(crate) message: String,
    pub(crate) status: &'static str,
    #[serde(rename = "statusCode")]
    pub(crate) status_code: u8,
    #[serde(rename = "requestType")]
    pub(crate) request_type: &'static str,
    pub(crate) created_by: String,
    pub(crate) created_time: i64,
    #[serde(rename = "toolTip")]
    pub(crate) tool_tip: String,
    pub(crate) tasks: Vec<Task>,
}

/// A step of a request.
#[derive(Serialize)]
pub(crate) struct Task {
    pub(crate) task_name: &'static str,
    pub(crate) task_status: &'static str,
    pub(crate) state: u8,
    pub(crate) logs: Vec<TaskLog>,
}

/// What somebody did in a step.
#[derive(Serialize)]
pub(crate) struct TaskLog {
    pub(crate) user: String,
    pub(crate) message: String,
    pub(crate) time: i64,
}
