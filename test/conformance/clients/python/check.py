"""Runs every check of scim2-tester and writes the results as JSON. Arguments: the SCIM base URL; token in SCIM_TOKEN."""

import json
import os
import sys

from httpx2 import Client
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import check_server

headers = {"Authorization": f"Bearer {os.environ['SCIM_TOKEN']}"}
with Client(base_url=sys.argv[1], headers=headers) as http:
    results = check_server(SyncSCIMClient(http))

json.dump(
    [
        {
            "status": result.status.name,
            "check": result.title,
            "resourceType": result.resource_type,
            "reason": result.reason,
        }
        for result in results
    ],
    sys.stdout,
)
