"""AWS: DynamoDB, KMS, S3, Lambda."""
