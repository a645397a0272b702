"""A gateway that has all that a gateway may have."""

import pytest
from msgspec import structs

from api.settings import GatewaySettings
from engine.marks import credentials
from tests.api.conftest import WEBHOOK_SECRET


@pytest.fixture
def settings(
    settings: GatewaySettings, tmp_path_factory: pytest.TempPathFactory
) -> GatewaySettings:
    root = credentials.create(tmp_path_factory.mktemp("marks") / "marks.pem").root
    return structs.replace(
        settings, stripe_thin_secrets=(WEBHOOK_SECRET,), marks_root=root.decode()
    )
