BEGIN TRANSACTION;
CREATE TABLE images (
	digest VARCHAR(64) NOT NULL, 
	height INTEGER NOT NULL, 
	width INTEGER NOT NULL, 
	pixels BLOB NOT NULL, 
	true_label TEXT, 
	CONSTRAINT pk_images PRIMARY KEY (digest), 
	CONSTRAINT ck_images_size CHECK (height > 0 AND width > 0 AND length(pixels) = height * width)
);
INSERT INTO "images" VALUES('22c77c8a51e7847d5d8782cfd9e73cb3261b0695b3de09e618e733d72474a870',2,3,X'0C0D0E0F1011',NULL);
INSERT INTO "images" VALUES('b95956f2abf984cc060f7029747e299a6bbcfb893e306a0fdd32fe0861f678a8',2,3,X'060708090A0B','dog');
INSERT INTO "images" VALUES('c7dfab709af48dd76769fba15a311e73a6464ff4946e998d5bf7187cfd5d3a75',2,3,X'000102030405','dog');
CREATE TABLE model_versions (
	number INTEGER NOT NULL, 
	run_id VARCHAR(128) NOT NULL, 
	weights_digest VARCHAR(64) NOT NULL, 
	class_names TEXT NOT NULL, 
	data_name TEXT NOT NULL, 
	data_digest TEXT NOT NULL, 
	CONSTRAINT pk_model_versions PRIMARY KEY (number), 
	CONSTRAINT uq_model_versions_run_id_weights_digest UNIQUE (run_id, weights_digest)
);
INSERT INTO "model_versions" VALUES(1,'ab12cd34','1111111111111111111111111111111111111111111111111111111111111111','["cat","dog"]','animals','dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd');
INSERT INTO "model_versions" VALUES(2,'ef56gh78','2222222222222222222222222222222222222222222222222222222222222222','["cat","dog"]','animals','dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd');
CREATE TABLE predictions (
	model_number INTEGER NOT NULL, 
	image_digest VARCHAR(64) NOT NULL, 
	predicted TEXT NOT NULL, 
	confidence DOUBLE NOT NULL, 
	probabilities TEXT NOT NULL, 
	latency_seconds DOUBLE NOT NULL, 
	predicted_at DATETIME NOT NULL, 
	CONSTRAINT pk_predictions PRIMARY KEY (model_number, image_digest), 
	CONSTRAINT fk_predictions_model_number_model_versions FOREIGN KEY(model_number) REFERENCES model_versions (number), 
	CONSTRAINT fk_predictions_image_digest_images FOREIGN KEY(image_digest) REFERENCES images (digest), 
	CONSTRAINT ck_predictions_confidence CHECK (confidence >= 0 AND confidence <= 1), 
	CONSTRAINT ck_predictions_latency CHECK (latency_seconds >= 0)
);
INSERT INTO "predictions" VALUES(1,'22c77c8a51e7847d5d8782cfd9e73cb3261b0695b3de09e618e733d72474a870','dog',6.66666686534881591796e-01,'[0.33333334,0.6666667]',0.25,'2026-11-21 08:00:00.123456');
INSERT INTO "predictions" VALUES(1,'b95956f2abf984cc060f7029747e299a6bbcfb893e306a0fdd32fe0861f678a8','cat',0.75,'[0.75,0.25]',0.25,'2026-11-21 08:00:00.123456');
INSERT INTO "predictions" VALUES(1,'c7dfab709af48dd76769fba15a311e73a6464ff4946e998d5bf7187cfd5d3a75','dog',8.99999976158142089843e-01,'[0.1,0.9]',0.25,'2026-11-21 08:00:00.123456');
INSERT INTO "predictions" VALUES(2,'22c77c8a51e7847d5d8782cfd9e73cb3261b0695b3de09e618e733d72474a870','dog',1.0,'[0.0,1.0]',0.25,'2026-11-22 08:00:00.123456');
INSERT INTO "predictions" VALUES(2,'b95956f2abf984cc060f7029747e299a6bbcfb893e306a0fdd32fe0861f678a8','cat',0.5,'[0.5,0.5]',0.25,'2026-11-22 08:00:00.123456');
INSERT INTO "predictions" VALUES(2,'c7dfab709af48dd76769fba15a311e73a6464ff4946e998d5bf7187cfd5d3a75','cat',6.00000023841857910156e-01,'[0.6,0.4]',0.25,'2026-11-22 08:00:00.123456');
CREATE TABLE predictions_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT predictions_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "predictions_version" VALUES('0001');
CREATE INDEX ix_predictions_image_digest ON predictions (image_digest);
CREATE INDEX ix_predictions_predicted_at ON predictions (predicted_at);
COMMIT;
