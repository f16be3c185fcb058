<?php

// SimpleSAMLphp as identity provider of Usher's users: copy into its saml20-idp-hosted.php.

$metadata['https://idp.example/idp'] = [
    'host' => '__DEFAULT__',
    'privatekey' => 'server.pem',
    'certificate' => 'server.crt',
    'auth' => 'usher-login', // or 'usher-bridge'
    'signature.algorithm' => 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
    'attributes.NameFormat' => 'urn:oasis:names:tc:SAML:2.0:attrname-format:uri',
    'NameIDFormat' => 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent',
    'authproc' => [
        50 => [
            'class' => '\Usher\ProvisionedUser',
            'store' => ['dsn' => 'sqlite:/var/lib/usher/saml.db'], // or ['folder' => '/var/lib/usher/saml']
            'by' => 'userName', // bridge: 'nameId', or the SAML name of Usher's matchAttribute
        ],
    ],
];
