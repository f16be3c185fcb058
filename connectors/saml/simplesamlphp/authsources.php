<?php

// Sources of users for SimpleSAMLphp: copy the one that is wanted into its authsources.php.

$config = [
    'admin' => ['core:AdminPassword'],

    // Users log in here. Usher holds no passwords: saml_password(username, password) is a table of your own, in the same
    // database. SimpleSAMLphp 1.19 compares clear text; with SimpleSAMLphp 2 use sqlauth:PasswordVerify, whose query selects
    // the column with the hash as `passwordhash` and does not mention :password.
    // Any other source does as well, ldap:LDAP on a directory that Usher also fills above all: the filter looks at `uid`.
    'usher-login' => [
        'sqlauth:SQL',
        'dsn' => 'sqlite:/var/lib/usher/saml.db', // or pgsql:host=...;dbname=..., or mysql:host=...;dbname=...
        'username' => '', // not null
        'password' => '',
        'query' => "SELECT u.username AS uid FROM saml_user u JOIN saml_password p ON p.username = u.username
            WHERE u.username = :username AND p.password = :password AND u.active = 1
              AND u.idp_entity_id = 'https://idp.example/idp'
              AND (u.not_on_or_after IS NULL OR u.not_on_or_after > '" . gmdate('Y-m-d\TH:i:s\Z') . "')",
    ],

    // Users come from another identity provider, which checks their passwords; its metadata is in saml20-idp-remote.php.
    'usher-bridge' => [
        'saml:SP',
        'entityID' => 'https://bridge.example/sp',
        'idp' => 'https://upstream.example/idp',
        'privatekey' => 'server.pem',
        'certificate' => 'server.crt',
        'NameIDPolicy' => [
            'Format' => 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent',
            'AllowCreate' => true,
        ],
    ],
];
