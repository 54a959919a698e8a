from __future__ import annotations

import pytest
from django.contrib.auth import authenticate
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from debugger.teams.models import User

pytestmark = pytest.mark.django_db


def test_a_person_signs_in_with_an_address_however_it_is_typed() -> None:
    alice = User.objects.create_user("Alice@Acme.example", "correct horse battery")
    assert alice.email == "alice@acme.example"
    assert authenticate(username="ALICE@acme.example", password="correct horse battery") == alice
    assert authenticate(username="alice@acme.example", password="wrong") is None


def test_there_is_one_account_for_an_address() -> None:
    User.objects.create_user("alice@acme.example")
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create_user("ALICE@acme.example")
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.bulk_create([User(email="Bob@acme.example")])


def test_without_a_password_nobody_signs_in() -> None:
    bob = User.objects.create_user("bob@acme.example")
    assert not bob.has_usable_password()
    assert authenticate(username=bob.email, password="") is None


def test_an_account_needs_an_address() -> None:
    with pytest.raises(ValueError, match="e-mail"):
        User.objects.create_user("")
    with pytest.raises(ValidationError):
        User(email="not an address").full_clean()


def test_a_superuser_may_do_everything() -> None:
    root = User.objects.create_superuser("root@acme.example", "correct horse battery")
    assert root.has_perm("debugger.delete_user")
    assert (str(root), str(User(email="a@b.example", name="Ann"))) == ("root@acme.example", "Ann")
