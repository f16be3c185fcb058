"""Pushes to a rule as an identity provider does. Arguments: the SCIM base URL, what to do, and how many; token in SCIM_TOKEN.

create N: users and a group with all of them. deactivate N: the first users, each replaced as a whole. empty: the group,
replaced by one without members.
"""

import os
import sys

from httpx2 import Client
from scim2_client.engines.httpx2 import SyncSCIMClient

GROUP = "Everybody"


def user_name(number: int) -> str:
    return f"guard{number}"


def create(scim: SyncSCIMClient, amount: int) -> None:
    User, Group = scim.get_resource_model("User"), scim.get_resource_model("Group")
    members = []
    for number in range(amount):
        user = User(user_name=user_name(number), name={"familyName": "Guard"}, active=True)
        members.append({"value": scim.create(user).id})
    scim.create(Group(display_name=GROUP, members=members))


def deactivate(scim: SyncSCIMClient, amount: int) -> None:
    User = scim.get_resource_model("User")
    found = {user.user_name: user for user in scim.query(User, query_parameters={"count": 1000}).resources}
    for number in range(amount):
        user = found[user_name(number)]
        user.active = False
        scim.replace(user)


def empty(scim: SyncSCIMClient, _amount: int) -> None:
    Group = scim.get_resource_model("Group")
    [group] = scim.query(Group).resources
    group.members = []
    scim.replace(group)


headers = {"Authorization": f"Bearer {os.environ['SCIM_TOKEN']}"}
with Client(base_url=sys.argv[1], headers=headers, timeout=60) as http:
    client = SyncSCIMClient(http)
    client.discover()
    {"create": create, "deactivate": deactivate, "empty": empty}[sys.argv[2]](client, int(sys.argv[3]))
