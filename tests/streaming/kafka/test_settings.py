"""The address and the login of a broker: URL, file, environment, and the same for a Java client; an error is one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from streaming.errors import BadInput
from streaming.kafka.settings import Address, Security, parse

NONE: dict[str, str] = {}


@pytest.mark.parametrize(
    ("url", "servers"),
    [
        ("kafka://127.0.0.1:9092", ("127.0.0.1:9092",)),
        ("kafka://broker", ("broker:9092",)),
        ("kafka://a.b-c_d:1,e:65535/", ("a.b-c_d:1", "e:65535")),
        ("kafka://[::1]:9092,[fe80::1]", ("[::1]:9092", "[fe80::1]:9092")),
    ],
)
def test_kafka_url_parses_to_its_brokers(url, servers):
    address = parse(url, environment=NONE)
    assert address.servers == servers
    assert address.text == "kafka://" + ",".join(servers)
    assert address.python()["bootstrap_servers"] == list(servers)
    assert address.java()["bootstrap.servers"] == ",".join(servers)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "kafka://",
        "kafka:127.0.0.1:9092",
        "http://127.0.0.1:9092",
        "127.0.0.1:9092",
        "kafka://a:b",
        "kafka://a:0",
        "kafka://a:65536",
        "kafka://a:9092,",
        "kafka://a b:1",
        "kafka://:9092",
        "kafka://a:9092/topic",
        "kafka://u:secret@a:9092",
        "kafka://a:999999",
    ],
)
def test_bad_address_is_refused_with_one_sentence_without_its_password(url):
    with pytest.raises(BadInput, match=r"\A[^\n]+\Z") as bad:
        parse(url, environment=NONE)
    assert "secret" not in str(bad.value)


def file(folder: Path, text: str) -> Path:
    path = folder / "kafka.toml"
    path.write_text(text, "utf-8")
    return path


SCRAM = 'security_protocol = "SASL_SSL"\nsasl_mechanism = "SCRAM-SHA-512"\n'
SCRAM += 'sasl_username = "gateway"\nsasl_password = "se\\"cret\\\\"\n'


def test_plaintext_connection_needs_no_setting():
    found = parse("kafka://a", environment=NONE)
    assert found == Address(("a:9092",), Security())
    assert not {name for name in found.python() if name.startswith(("sasl", "ssl"))}
    assert found.java() == {"bootstrap.servers": "a:9092", "security.protocol": "PLAINTEXT"}


def test_settings_file_serves_the_python_and_the_java_client(tmp_path):
    ca = tmp_path / "ca.pem"
    ca.write_text("CA")
    address = parse("kafka://a", file(tmp_path, SCRAM + f'ssl_cafile = "{ca}"\nssl_check_hostname = false\n'), NONE)
    python, java = address.python(), address.java()
    assert python["security_protocol"] == java["security.protocol"] == "SASL_SSL"
    assert python["sasl_mechanism"] == java["sasl.mechanism"] == "SCRAM-SHA-512"
    assert (python["sasl_plain_username"], python["sasl_plain_password"]) == ("gateway", 'se"cret\\')
    assert (python["ssl_cafile"], python["ssl_check_hostname"]) == (str(ca), False)
    assert "scram.ScramLoginModule required" in java["sasl.jaas.config"]
    assert 'username="gateway" password="se\\"cret\\\\";' in java["sasl.jaas.config"]
    assert java["ssl.truststore.type"] == "PEM"
    assert java["ssl.truststore.location"] == str(ca)
    assert java["ssl.endpoint.identification.algorithm"] == ""
    assert "se" not in address.text.removeprefix("kafka://a")


def test_login_without_tls_uses_sasl_plaintext():
    given = {
        "TOUCHLINE_KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
        "TOUCHLINE_KAFKA_SASL_MECHANISM": "PLAIN",
        "TOUCHLINE_KAFKA_SASL_USERNAME": "u",
        "TOUCHLINE_KAFKA_SASL_PASSWORD": "p",
        "PATH": "/bin",
    }
    address = parse("kafka://a", environment=given)
    assert "plain.PlainLoginModule required" in address.java()["sasl.jaas.config"]
    assert "ssl_check_hostname" not in address.python()
    assert not {name for name in address.java() if name.startswith("ssl")}


def test_client_certificates_are_passed_to_both_clients(tmp_path):
    for name in ("ca", "cert", "key"):
        (tmp_path / f"{name}.pem").write_text(name.upper())
    text = 'security_protocol = "SSL"\nssl_password = "k"\n' + "".join(
        f'ssl_{name}file = "{tmp_path}/{short}.pem"\n' for name, short in (("ca", "ca"), ("cert", "cert"), ("key", "key"))
    )
    address = parse("kafka://a", file(tmp_path, text), NONE)
    python, java = address.python(), address.java()
    assert (python["ssl_certfile"], python["ssl_keyfile"]) == (str(tmp_path / "cert.pem"), str(tmp_path / "key.pem"))
    assert python["ssl_password"] == java["ssl.key.password"] == "k"
    assert java["ssl.keystore.type"] == "PEM"
    assert (java["ssl.keystore.certificate.chain"], java["ssl.keystore.key"]) == ("CERT", "KEY")
    assert "sasl_mechanism" not in python


def test_settings_file_overrides_the_environment(tmp_path):
    given = {"TOUCHLINE_KAFKA_SASL_USERNAME": "other", "TOUCHLINE_KAFKA_SSL_CHECK_HOSTNAME": "no"}
    security = parse("kafka://a", file(tmp_path, SCRAM), given).security
    assert (security.sasl_username, security.ssl_check_hostname) == ("gateway", False)


@pytest.mark.parametrize(("text", "value"), [("0", False), ("False", False), ("no", False), ("true", True), ("YES", True)])
def test_booleans_in_the_environment_are_parsed(text, value):
    assert parse("kafka://a", environment={"TOUCHLINE_KAFKA_SSL_CHECK_HOSTNAME": text}).security.ssl_check_hostname is value


BAD = {
    "no TOML": ("security_protocol = ", "is not TOML"),
    "a number of 5,000 digits": ("security_protocol = " + "9" * 5000, "is not TOML"),
    "nested without end": ("security_protocol = " + "[" * 3000, "is not TOML"),
    "a prefix of tables": ("topic_prefix." + ".".join("a" * 3000) + " = 1", "topic_prefix is a word, not {'a': {"),
    "a word that is not known": ('password = "x"', "password"),
    "another protocol": ('security_protocol = "TLS"', "security_protocol is one of"),
    "not text": ("security_protocol = 1", "Expected `str`"),
    "not yes or no": ('ssl_check_hostname = "maybe"', "ssl_check_hostname"),
    "no mechanism": ('security_protocol = "SASL_SSL"\nsasl_username = "u"', "sasl_mechanism is one of"),
    "another mechanism": ('security_protocol = "SASL_SSL"\nsasl_mechanism = "GSSAPI"\nsasl_username = "u"', "GSSAPI"),
    "no user": ('security_protocol = "SASL_SSL"\nsasl_mechanism = "PLAIN"', "sasl_username is missing"),
    "a login without a protocol for it": ('sasl_username = "u"', "needs security_protocol SASL"),
    "a mechanism with TLS alone": ('security_protocol = "SSL"\nsasl_mechanism = "PLAIN"', "needs security_protocol SASL"),
    "no authority": ('security_protocol = "SSL"\nssl_cafile = "/nowhere/ca.pem"', "there is no file /nowhere/ca.pem (ssl_cafile)"),
    "no key": ('security_protocol = "SSL"\nssl_keyfile = "/nowhere/key.pem"', "ssl_keyfile"),
}


@pytest.mark.parametrize("what", BAD)
def test_bad_setting_is_refused_with_one_sentence(tmp_path, what):
    text, word = BAD[what]
    path = file(tmp_path, text)
    with pytest.raises(BadInput, match=r"\A[^\n]+\Z") as bad:
        parse("kafka://a", path, NONE)
    assert word in str(bad.value)
    assert str(path) in str(bad.value), "and says where it stands"


def test_settings_file_that_is_absent_or_not_text_is_refused(tmp_path):
    with pytest.raises(BadInput, match=r"cannot read .*No such file"):
        parse("kafka://a", tmp_path / "none.toml", NONE)
    with pytest.raises(BadInput, match=r"cannot read .*[Dd]irectory"):
        parse("kafka://a", tmp_path, NONE)
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    with pytest.raises(BadInput, match="is not TOML"):
        parse("kafka://a", tmp_path / "bytes", NONE)


@pytest.mark.parametrize(
    ("name", "value", "word"),
    [("SECURITY_PROTOCOL", "tls", "security_protocol"), ("SASL_USERNAME", "u", "SASL"), ("COLOUR", "red", "colour")],
)
def test_bad_setting_in_the_environment_is_refused(name, value, word):
    with pytest.raises(BadInput, match=r"\AKafka settings in the environment[^\n]+\Z") as bad:
        parse("kafka://a", environment={f"TOUCHLINE_KAFKA_{name}": value})
    assert word in str(bad.value)
