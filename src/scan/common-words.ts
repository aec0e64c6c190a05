/**
 * Words and file names that stand in a good part of all records, so that they are a poor witness. Counted over Windows events,
 * web, Zeek and Suricata logs: in more than three of a thousand records. Only speed depends on this list.
 */
const WORDS = `
about access accessed accesslist accessmask accessreason accordance account accountname accounttype action
activity activityid address adjusted admin administrative administrator administrators after agent alert alerted
allowed also always among answer answers appdata applewebkit application archived articles assets assigned
assignment attempt attempted attributes audit auditing authentication authority available backgroundtaskhost
banner basenamedobjects basic been before between binary bind blank blog built bytes call called calltrace cases
category cert certificate chain changed changes channel check checked choose chooses chrome cipher classes
client closed cloudapp clsid cmdlet code collation collection command commandinvocation commandline common
commonly company compatible computer config configured conhost connected connection connectpipe consolehost
constraints content contentline contextinfo control convcharset corporation correlate correlated corresponding
count create created createkey creation creationutctime csii csxn currentcontrolset currentdirectory
currentversion curve data dcerpc default delete deleted deliveryoptimization depth description desktop dest
destaddress destinationhostname destinationip destinationport destinationportname destport destroyed detailed
details detected device dhcp dialect direction disabled disabledprivilegelist disk docs does domain domainname
download downloads duplicate during dword dynamic ecdhe edge elevated elevatedtoken elevation empty enabled
enabledprivilegelist encrypted engine error established event eventcounttotal eventid eventidx eventlog
eventreceivedtime events eventtime eventtype eventtypeorignal evntslog example executing execution
executionprocessid exited explorer exponent extent facility failed failure false favicon feedparser field fields
file filecreate filedelete fileinfo filename files fileversion filtering filterrtid fingerprint firefox flags
flav flow foreach frag frame framework64 from fuid fuids full gecko geekery generated global google googlebot
grantedaccess group groupmembership groups guestagent guid handle handleid harddiskvolume2 hash hashes have helo
help history hklm host hostname html http https hybrid identifier iface image imageload imageloaded images
impersonate impersonation impersonationlevel imphash index indicate indicates info information informational
initiated inputobject integritylevel intel interactive interface intermediate internal internet invalid
invocation ipaddress iphone ipport isexecutable issuer jerry jordan just kerberos kernel kernel32 kernelbase
kernelobjects keylength keys keywords khtml kind kramer label land lang last layer layername layerrtid left
length level lifecycle like limited line linux lmpackagename loaded local localhost localstate logged login
logoff logon logonguid logonid logonprocessname logontype logstash loompa lsass machine macintosh made malware
manager mandatorylabel manipulation mapping mask matches maximum member membership message messagenumber
messagetotal metadata method microsoft mobile mode mordor mordordataset mordordc most mozilla msedge msie
msvistalog naccess name napplication narchived nbstat ncalltrace ncommandinvocation ncommandline ncompany
ncontext ncreationutctime ncreator ncurrentdirectory ndescription ndestinationhostname ndestinationip
ndestinationport ndestinationportname ndetailed ndetails ndisabled nenabled network networkconnect nevent
neventtype newprocessid newprocessname next nfileversion nfilter ngrantedaccess ngroup nhashes nimage
nimageloaded nimpersonation ninitiated nintegritylevel nisexecutable nlogon nlogonguid nlogonid nnetwork nnew
nobject nocache noerror none nora noriginalfilename notice nparameterbinding nparentcommandline nparentimage
nparentprocessguid nparentprocessid npipename nprivileges nprocess nprocessguid nprocessid nproduct nprotocol
nrulename nrunspace nservice nsignature nsignaturestatus nsigned nsource nsourcehostname nsourceimage nsourceip
nsourceport nsourceportname nsourceprocessguid nsourceprocessid nsourcethreadid nsourceuser nsubject ntarget
ntargetfilename ntargetimage ntargetobject ntargetprocessguid ntargetprocessid ntargetuser ntdll
nterminalsessionid nthe nthis ntlm ntoken ntype null number nuser nutctime nxdomain nxlog object objectname
objectserver objecttype occurred office only oompa opcode opcodevalue operating operation operational opnum orig
originalfilename originated other over package packages pandalab parameters parentcommandline parentimage
parentprocessguid parentprocessid parentprocessname participated path payload pcap pedro peer permitted pgustavo
phpmyadmin pipe pipeevent pipeline pipename pkts platform policies policy port positively post powershell
prefetch presentations privilege privileged privilegelist privileges process processaccess processcreate
processguid processid processname product program programdata projects proto protocol protocols provide provider
providerguid psmserviceexthost puppet puppetconf qclass qtype quemona query queryname queryresults querystatus
qword random rawaccessread rcode ready reason reasons reboots recordnumber redirect refer registry registryevent
rejected remote remotemachineid remoteuserid removed reply request requested require reset resourceattributes
resp response restrictedadminmode restrictedsidcount result resumed right roaming root rpcrt4 rrname rrtype
rsaencryption rule rulename rules runspace runspaceid runtime runtimebroker safari same sbeavers script
scriptblock scriptblockid scriptblocktext scripts search searchindexer securetimelimits security semicomplete
sensitive sequence serial server service services sesecurityprivilege session sessions settings setvalue
severity severityvalue sha1 share shell shire shutdown signature signaturestatus signed single size smb2 smtp
snmp software some source sourceaddress sourcehandleid sourcehostname sourceimage sourceip sourcemodulename
sourcemoduletype sourcename sourceport sourceportname sourceprocessguid sourceprocessid sourcethreadid
sourceuser special specific start started state static status stored string stub style style2 subcategory
subject subjectdomainname subjectlogonid subjectusername subjectusersid success successfully such sunnystation
svchost syslog sysmon system system32 systemapps syswow64 taccess taccesses taccount tags tapplication target
targetdomainname targetfilename targethandleid targetimage targetlinkedlogonid targetlogonid targetobject
targetoutbounddomainname targetoutboundusername targetprocessguid targetprocessid targetuser targetusername
targetusersid task taskhostw tauthentication tcommandline tcommandname tcommandpath tcommandtype tconnect
tcreator tdestination tdetailsequence tdetailtotal tdirection televated temp tengineversion tenumerate
terminalsessionid terminated test texit text tfile tfilter thandle that themes theshire this thostapplication
thostid thostname thostversion threadid time timecreated timeout timestamp timpersonation tkerberos tkey tlayer
tlinked tlocal tlogon tlsv1 tmandatory tmordordc tnetwork tnew tnewproviderstate tnotify tobject toclient token
tokenelevationtype toserver toutbound tpackage tpandalab tpedro tpgustavo tpipelineid tprivileges tprocess
tprotocol tprovidername tquery trans transactionid transited transmittedservices tread tree tresource
trestricted trident trojan true trunspaceid tscriptname tsebackupprivilege tsecurity tsedebugprivilege
tseimpersonateprivilege tseloaddriverprivilege tsequencenumber tserestoreprivilege tserver tservice
tsesecurityprivilege tsource ttarget ttheshire ttls ttoken ttransaction ttransited tuserid tvirtual twardog
tworkgroup tworkstation tyes type types ubuntu unable unicode unique universalfeedparser unknown unresolved
upload uploads used user userassist userid username users using utctime valid validation value vboxservice
vboxtrayipc verbose version virtualaccount vlan wardog wbem webmail weird well were wermgr when where which whom
will winbuild windows windowsazure windowspowershell winlogon wire with wmiprvse workgroup workstation
workstationname wow64 wow6432node wrccdc write xdotool zeek
chrome.exe cmd.exe conhost.exe csrss.exe dllhost.exe explorer.exe firefox.exe install.exe kernel32.dll
kernelbase.dll lsass.exe microsoft.com msedge.exe mshta.exe msiexec.exe mswsock.dll ntdll.dll powershell.exe
python.exe regsvr32.exe rpcrt4.dll rundll32.exe sechost.dll services.exe setup.exe smss.exe svchost.exe
taskhostw.exe update.exe user32.dll wevtsvc.dll windows.storage.dll winlogon.exe wmiprvse.exe wscript.exe
`;

export const COMMON_WORDS: ReadonlySet<string> = new Set(WORDS.trim().split(/\s+/));
