"""DynamoDB, KMS and Lambda over the standard library, for functions that cannot wait for boto3.

Importing boto3 and making one client takes as long as the rest of a cold start. The clients here have the
methods and the arguments of boto3's, as far as the adapters use them, and raise ``errors.AwsError`` and
``errors.NoAnswer``. ``opening.open_client`` chooses between them and boto3.
"""
