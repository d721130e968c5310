"""A Diameter server that grants credit, and a client that asks for it."""

import datetime
import sys
import threading
import time

from diameter.message import Message, constants
from diameter.message.commands import (
    AccountingRequest, CreditControlRequest, DeviceWatchdogRequest, SessionTerminationRequest,
)
from diameter.message.avp.grouped import MultipleServicesCreditControl, RequestedServiceUnit, SubscriptionId
from diameter.node import Node
from diameter.node.application import SimpleThreadingApplication

REALM = "example.com"
APPLICATIONS = [
    (constants.APP_DIAMETER_CREDIT_CONTROL_APPLICATION, {"is_auth_application": True}),
    (constants.APP_DIAMETER_BASE_ACCOUNTING, {"is_acct_application": True}),
    (constants.APP_NASREQ_APPLICATION, {"is_auth_application": True}),
]


def handle(app, message):
    answer = app.generate_answer(message)
    answer.auth_application_id = getattr(message, "auth_application_id", None)
    user = getattr(message, "user_name", None)
    if user == "slow":
        time.sleep(0.4)
    answer.result_code = {
        "nobody": constants.E_RESULT_CODE_DIAMETER_USER_UNKNOWN,
        "poor": constants.E_RESULT_CODE_DIAMETER_CREDIT_LIMIT_REACHED,
    }.get(user, constants.E_RESULT_CODE_DIAMETER_SUCCESS)
    if user == "nobody":
        answer.error_message = "who is größe?"
    for name in ["cc_request_type", "cc_request_number", "accounting_record_type", "accounting_record_number"]:
        if hasattr(message, name):
            setattr(answer, name, getattr(message, name))
    return answer


# freeDiameter does not listen on loopback's own address.
RELAY = "192.0.2.1"


def node(name, port, peer, peer_port):
    node = Node(f"{name}.{REALM}", REALM, ip_addresses=["127.0.0.1"], tcp_port=port)
    address = [RELAY] if peer_port else None
    found = node.add_peer(f"aaa://{peer}.{REALM}:{peer_port or 3868}", REALM, ip_addresses=address, is_persistent=bool(peer_port), is_default=True)
    node.idle_timeout = 2
    return node, found, [SimpleThreadingApplication(number, request_handler=handle, **kind) for number, kind in APPLICATIONS]


def serve(port):
    server, peer, apps = node("server", port, "relay", None)
    for app in apps:
        server.add_application(app, [peer])
    server.start()
    time.sleep(60)


def credit(user, number, kind=constants.E_CC_REQUEST_TYPE_UPDATE_REQUEST, realm=REALM):
    request = CreditControlRequest()
    request.session_id = f"client.{REALM};1;{user}"
    request.origin_host, request.origin_realm = f"client.{REALM}".encode(), REALM.encode()
    request.destination_realm = realm.encode()
    request.auth_application_id = constants.APP_DIAMETER_CREDIT_CONTROL_APPLICATION
    request.service_context_id = "shop@example.com"
    request.cc_request_type, request.cc_request_number = kind, number
    request.user_name = user
    request.event_timestamp = datetime.datetime(2024, 1, 1)
    request.subscription_id = [SubscriptionId(constants.E_SUBSCRIPTION_ID_TYPE_END_USER_E164, "15550100")]
    services = MultipleServicesCreditControl(requested_service_unit=RequestedServiceUnit(cc_total_octets=1000), rating_group=7)
    request.multiple_services_credit_control = services
    return request


def account(kind, number):
    request = AccountingRequest()
    request.session_id = f"client.{REALM};2;1"
    request.origin_host, request.origin_realm = f"client.{REALM}".encode(), REALM.encode()
    request.destination_realm = REALM.encode()
    request.accounting_record_type, request.accounting_record_number = kind, number
    request.acct_application_id = constants.APP_DIAMETER_BASE_ACCOUNTING
    request.user_name = "bob"
    return request


def talk(port):
    client, peer, apps = node("client", None, "relay", int(port))
    for app in apps:
        client.add_application(app, [peer])
    client.start()
    credits, accounts, _ = apps
    credits.wait_for_ready(5)

    def send(app, request, timeout=3):
        try:
            app.send_request(request, timeout=timeout)
        except Exception as error:
            print(repr(error))

    send(credits, credit("bob", 0, constants.E_CC_REQUEST_TYPE_INITIAL_REQUEST))
    send(credits, credit("bob", 1))
    send(credits, credit("nobody", 0))
    send(credits, credit("poor", 0))
    waiting = [threading.Thread(target=send, args=(credits, credit(user, 2))) for user in ["slow", "bob", "eve"]]
    for thread in waiting:
        thread.start()
    for thread in waiting:
        thread.join()
    send(accounts, account(constants.E_ACCOUNTING_RECORD_TYPE_START_RECORD, 0))
    send(accounts, account(constants.E_ACCOUNTING_RECORD_TYPE_STOP_RECORD, 1))
    elsewhere = credit("bob", 3)
    elsewhere.destination_host = b"nowhere.example.com"
    send(credits, elsewhere)
    ending = SessionTerminationRequest()
    ending.session_id = f"client.{REALM};1;bob"
    ending.origin_host, ending.origin_realm = f"client.{REALM}".encode(), REALM.encode()
    ending.destination_realm = REALM.encode()
    ending.auth_application_id = constants.APP_DIAMETER_CREDIT_CONTROL_APPLICATION
    ending.termination_cause = constants.E_TERMINATION_CAUSE_DIAMETER_LOGOUT
    send(credits, ending)
    # Long enough for watchdogs.
    time.sleep(4)
    client.stop(wait_timeout=3)
    # One that the relay does not know.
    stranger, peer, apps = node("stranger", None, "relay", int(port))
    stranger.add_application(apps[0], [peer])
    stranger.start()
    time.sleep(1)
    stranger.stop(wait_timeout=1, force=True)


command, port = sys.argv[1:]
{"serve": serve, "talk": talk}[command](int(port))
