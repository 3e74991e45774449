"""An S3 server on this machine (moto in server mode, a process of its own) and what a test wants to know of it."""

import contextlib
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import ClientError, EndpointConnectionError

from cluster.ray_cluster import free_port


class S3Server:
    """``environment`` lets other processes find it."""

    def __init__(self, folder: Path) -> None:
        self.url = f"http://127.0.0.1:{free_port()}"
        self.environment = {
            "AWS_ENDPOINT_URL": self.url, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true",
        }  # fmt: skip
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", self.url.rpartition(":")[2]]
        self._log = folder / "s3.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
        self.client: Any = boto3.client(
            "s3", endpoint_url=self.url, region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
        )
        deadline = time.monotonic() + 60
        while True:
            try:
                self.client.list_buckets()
                return
            except (EndpointConnectionError, ClientError):
                assert self._process.poll() is None, self._log.read_text()
                assert time.monotonic() < deadline, self._log.read_text()
                time.sleep(0.1)

    def bucket(self, name: str) -> str:
        """A bucket that keeps every version of every object: what is written twice, shows."""
        self.client.create_bucket(Bucket=name)
        self.client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        return name

    def upload(self, bucket: str, files: dict[str, bytes]) -> None:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda item: self.client.put_object(Bucket=bucket, Key=item[0], Body=item[1]), files.items()))

    def sizes(self, bucket: str) -> dict[str, int]:
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=bucket)
        return {item["Key"]: item["Size"] for page in pages for item in page.get("Contents", [])}

    def keys(self, bucket: str) -> list[str]:
        return list(self.sizes(bucket))

    def versions(self, bucket: str) -> Counter[str]:
        """How often each key was written."""
        pages = self.client.get_paginator("list_object_versions").paginate(Bucket=bucket)
        return Counter(item["Key"] for page in pages for item in page.get("Versions", []))

    def read(self, bucket: str, key: str) -> bytes:
        data: bytes = self.client.get_object(Bucket=bucket, Key=key)["Body"].read()
        return data

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()


@contextlib.contextmanager
def s3_server(folder: Path) -> Iterator[S3Server]:
    server = S3Server(folder)
    before = {name: os.environ.get(name) for name in server.environment}
    os.environ.update(server.environment)
    try:
        yield server
    finally:
        server.stop()
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
