//! What an answer says of its outcome.
//!
//! Specification: RFC 6733 §7.1, RFC 4740 §10.1 (SIP), RFC 8506 §9 (credit control); 3GPP TS 29.230 §8.1 for experimental results.

use std::borrow::Cow;

use super::avp::{Avps, code};

/// The outcome of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Outcome {
    pub number: u32,
    is_experimental: bool,
}

impl Outcome {
    /// Reads the outcome out of an answer.
    pub fn read(avps: &Avps<'_>) -> Option<Self> {
        let base = avps.number(code::RESULT_CODE);
        let experimental = || {
            let group = avps.group(0, code::EXPERIMENTAL_RESULT)?;
            group.number(code::EXPERIMENTAL_RESULT_CODE)
        };
        let is_experimental = base.is_none();
        base.or_else(experimental).map(|number| Self {
            number,
            is_experimental,
        })
    }

    /// Its name, or its number.
    pub fn name(self) -> Cow<'static, str> {
        let names = if self.is_experimental { EXPERIMENTAL } else { RESULTS };
        let place = names.binary_search_by_key(&self.number, |(known, _)| *known);
        match place.ok().and_then(|place| names.get(place)) {
            Some((_, name)) => (*name).into(),
            None if self.is_experimental => format!("experimental result {}", self.number).into(),
            None => format!("result {}", self.number).into(),
        }
    }
}

const RESULTS: &[(u32, &str)] = &[
    (1001, "MULTI_ROUND_AUTH"),
    (2001, "SUCCESS"),
    (2002, "LIMITED_SUCCESS"),
    (2003, "FIRST_REGISTRATION"),
    (2004, "SUBSEQUENT_REGISTRATION"),
    (2005, "UNREGISTERED_SERVICE"),
    (2006, "SUCCESS_SERVER_NAME_NOT_STORED"),
    (2007, "SERVER_SELECTION"),
    (2008, "SUCCESS_AUTH_SENT_SERVER_NOT_STORED"),
    (2009, "SUCCESS_RELOCATE_HA"),
    (3001, "COMMAND_UNSUPPORTED"),
    (3002, "UNABLE_TO_DELIVER"),
    (3003, "REALM_NOT_SERVED"),
    (3004, "TOO_BUSY"),
    (3005, "LOOP_DETECTED"),
    (3006, "REDIRECT_INDICATION"),
    (3007, "APPLICATION_UNSUPPORTED"),
    (3008, "INVALID_HDR_BITS"),
    (3009, "INVALID_AVP_BITS"),
    (3010, "UNKNOWN_PEER"),
    (3011, "REALM_REDIRECT_INDICATION"),
    (4001, "AUTHENTICATION_REJECTED"),
    (4002, "OUT_OF_SPACE"),
    (4003, "ELECTION_LOST"),
    (4005, "ERROR_MIP_REPLY_FAILURE"),
    (4006, "ERROR_HA_NOT_AVAILABLE"),
    (4007, "ERROR_BAD_KEY"),
    (4008, "ERROR_MIP_FILTER_NOT_SUPPORTED"),
    (4010, "END_USER_SERVICE_DENIED"),
    (4011, "CREDIT_CONTROL_NOT_APPLICABLE"),
    (4012, "CREDIT_LIMIT_REACHED"),
    (4013, "USER_NAME_REQUIRED"),
    (4014, "RESOURCE_FAILURE"),
    (5001, "AVP_UNSUPPORTED"),
    (5002, "UNKNOWN_SESSION_ID"),
    (5003, "AUTHORIZATION_REJECTED"),
    (5004, "INVALID_AVP_VALUE"),
    (5005, "MISSING_AVP"),
    (5006, "RESOURCES_EXCEEDED"),
    (5007, "CONTRADICTING_AVPS"),
    (5008, "AVP_NOT_ALLOWED"),
    (5009, "AVP_OCCURS_TOO_MANY_TIMES"),
    (5010, "NO_COMMON_APPLICATION"),
    (5011, "UNSUPPORTED_VERSION"),
    (5012, "UNABLE_TO_COMPLY"),
    (5013, "INVALID_BIT_IN_HEADER"),
    (5014, "INVALID_AVP_LENGTH"),
    (5015, "INVALID_MESSAGE_LENGTH"),
    (5016, "INVALID_AVP_BIT_COMBO"),
    (5017, "NO_COMMON_SECURITY"),
    (5018, "RADIUS_AVP_UNTRANSLATABLE"),
    (5024, "ERROR_NO_FOREIGN_HA_SERVICE"),
    (5025, "ERROR_END_TO_END_MIP_KEY_ENCRYPTION"),
    (5030, "USER_UNKNOWN"),
    (5031, "RATING_FAILED"),
    (5032, "ERROR_USER_UNKNOWN"),
    (5033, "ERROR_IDENTITIES_DONT_MATCH"),
    (5034, "ERROR_IDENTITY_NOT_REGISTERED"),
    (5035, "ERROR_ROAMING_NOT_ALLOWED"),
    (5036, "ERROR_IDENTITY_ALREADY_REGISTERED"),
    (5037, "ERROR_AUTH_SCHEME_NOT_SUPPORTED"),
    (5038, "ERROR_IN_ASSIGNMENT_TYPE"),
    (5039, "ERROR_TOO_MUCH_DATA"),
    (5040, "ERROR_NOT_SUPPORTED_USER_DATA"),
    (5041, "ERROR_MIP6_AUTH_MODE"),
];

const EXPERIMENTAL: &[(u32, &str)] = &[
    (2001, "FIRST_REGISTRATION"),
    (2002, "SUBSEQUENT_REGISTRATION"),
    (2003, "UNREGISTERED_SERVICE"),
    (2004, "SUCCESS_SERVER_NAME_NOT_STORED"),
    (2021, "PDP_CONTEXT_DELETION_INDICATION"),
    (4100, "USER_DATA_NOT_AVAILABLE"),
    (4101, "PRIOR_UPDATE_IN_PROGRESS"),
    (4121, "ERROR_OUT_OF_RESOURCES"),
    (4141, "PCC_BEARER_EVENT"),
    (4142, "BEARER_EVENT"),
    (4143, "AN_GW_FAILED"),
    (4144, "PENDING_TRANSACTION"),
    (4181, "AUTHENTICATION_DATA_UNAVAILABLE"),
    (4182, "ERROR_CAMEL_SUBSCRIPTION_PRESENT"),
    (4201, "ERROR_ABSENT_USER"),
    (4221, "ERROR_UNREACHABLE_USER"),
    (5001, "ERROR_USER_UNKNOWN"),
    (5002, "ERROR_IDENTITIES_DONT_MATCH"),
    (5003, "ERROR_IDENTITY_NOT_REGISTERED"),
    (5004, "ERROR_ROAMING_NOT_ALLOWED"),
    (5005, "ERROR_IDENTITY_ALREADY_REGISTERED"),
    (5006, "ERROR_AUTH_SCHEME_NOT_SUPPORTED"),
    (5007, "ERROR_IN_ASSIGNMENT_TYPE"),
    (5008, "ERROR_TOO_MUCH_DATA"),
    (5009, "ERROR_NOT_SUPPORTED_USER_DATA"),
    (5011, "ERROR_FEATURE_UNSUPPORTED"),
    (5061, "INVALID_SERVICE_INFORMATION"),
    (5062, "FILTER_RESTRICTIONS"),
    (5063, "REQUESTED_SERVICE_NOT_AUTHORIZED"),
    (5064, "DUPLICATED_AF_SESSION"),
    (5065, "IP_CAN_SESSION_NOT_AVAILABLE"),
    (5100, "ERROR_USER_DATA_NOT_RECOGNIZED"),
    (5101, "ERROR_OPERATION_NOT_ALLOWED"),
    (5102, "ERROR_USER_DATA_CANNOT_BE_READ"),
    (5103, "ERROR_USER_DATA_CANNOT_BE_MODIFIED"),
    (5104, "ERROR_USER_DATA_CANNOT_BE_NOTIFIED"),
    (5105, "ERROR_TRANSPARENT_DATA_OUT_OF_SYNC"),
    (5106, "ERROR_SUBS_DATA_ABSENT"),
    (5107, "ERROR_NO_SUBSCRIPTION_TO_DATA"),
    (5140, "ERROR_INITIAL_PARAMETERS"),
    (5141, "ERROR_TRIGGER_EVENT"),
    (5142, "PCC_RULE_EVENT"),
    (5143, "ERROR_BEARER_NOT_AUTHORIZED"),
    (5144, "ERROR_TRAFFIC_MAPPING_INFO_REJECTED"),
    (5147, "ERROR_CONFLICTING_REQUEST"),
    (5420, "ERROR_UNKNOWN_EPS_SUBSCRIPTION"),
    (5421, "ERROR_RAT_NOT_ALLOWED"),
    (5422, "ERROR_EQUIPMENT_UNKNOWN"),
    (5423, "ERROR_UNKNOWN_SERVING_NODE"),
    (5450, "ERROR_USER_NO_NON_3GPP_SUBSCRIPTION"),
    (5451, "ERROR_USER_NO_APN_SUBSCRIPTION"),
    (5452, "ERROR_RAT_TYPE_NOT_ALLOWED"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_in_order() {
        assert!(RESULTS.is_sorted_by_key(|(number, _)| *number));
        assert!(EXPERIMENTAL.is_sorted_by_key(|(number, _)| *number));
    }
}
